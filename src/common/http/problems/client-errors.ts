import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Response } from 'express';
import type { Logger } from '../../logging/logger.js';
import { LINGER_MS } from './closing-answer.js';
import { PROBLEM_JSON, type ProblemDto } from './problem.js';
import { afterWholeRequests, isAnswering } from '../connections/pipelining.js';

/** Our own code: Node emits a separate event for this method and would close the connection without an answer. */
const CONNECT = 'CONNECT';

const ANSWERS: Readonly<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The request headers are too large' },
  [CONNECT]: { status: 501, detail: 'This service is not a proxy' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time' },
};

const MALFORMED = { status: 400, detail: 'The request is not valid HTTP' };

/** Headers that this answer sets itself, whatever the response of the request had set. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'content-type',
  'transfer-encoding',
  'x-request-id',
]);

/**
 * Answers input that never becomes a complete request (invalid HTTP, headers beyond the limit, a timeout) with problem
 * details. Node's own answer has no body. If the headers of a request were read, the answer has its request id and the
 * default headers including CORS, and the access log gets its status. Otherwise one log line is written here. The
 * connection is closed shortly after that, whatever the client does.
 */
export function answerClientErrors(server: Server, logger: Logger): void {
  const endWith = (code: string, socket: Socket) => {
    afterWholeRequests(socket, (unfinished) => {
      // In the middle of a response, another one would be taken for a part of it.
      if (!unfinished?.headersSent) {
        const { status, detail } = ANSWERS[code] ?? MALFORMED;
        const requestId = unfinished?.get('X-Request-Id') ?? randomUUID();
        if (unfinished) unfinished.statusCode = status;
        else logger.info({ request_id: requestId, status, address: socket.remoteAddress }, detail);
        socket.end(answerTo(status, detail, requestId, unfinished));
      }
      // `end` waits for the client to end too, which a malicious client does not do.
      setTimeout(() => socket.destroy(), LINGER_MS);
    });
  };
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else endWith(error.code ?? '', socket);
  });
  server.on('connect', (_request: unknown, socket: Socket) => {
    // Node leaves the connection to this handler, including errors, time limits and blocked writes: a response in
    // progress would never continue and would never be ended.
    socket.on('error', () => socket.destroy());
    if (isAnswering(socket)) socket.destroy();
    else endWith(CONNECT, socket);
  });
}

function answerTo(status: number, detail: string, requestId: string, unfinished?: Response): string {
  const title = STATUS_CODES[status] ?? 'Error';
  const problem: ProblemDto = {
    type: 'about:blank',
    title,
    status,
    detail,
    instance: unfinished?.req.path ?? '/',
    request_id: requestId,
  };
  const body = JSON.stringify(problem);
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    ...headersOf(unfinished),
    'Connection: close',
    `Content-Type: ${PROBLEM_JSON}`,
    `X-Request-Id: ${requestId}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

function headersOf(response?: Response): string[] {
  return Object.entries(response?.getHeaders() ?? {})
    .filter(([name]) => !OWN_HEADERS.has(name))
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${String(one)}`));
}
