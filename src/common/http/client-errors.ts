import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { LINGER_MS } from './closing-answer.js';
import { PROBLEM_JSON, type ProblemDto } from './problem.js';
import { afterWholeRequests } from './request-turns.js';

/** Code of our own: Node tells of this method by an event of its own, and would close the connection without a word. */
const CONNECT = 'CONNECT';

const ANSWERS: Readonly<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The request headers are too large' },
  [CONNECT]: { status: 501, detail: 'This service is no proxy' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time' },
};

const MALFORMED = { status: 400, detail: 'The request is not valid HTTP' };

/**
 * Answers what never becomes a request (bytes that are no HTTP, headers beyond the limit, what does not come in time) with
 * problem details too; Node's own answer has no body. Whatever the client does, its connection is gone a moment later.
 */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else endWith(error.code ?? '', socket);
  });
  server.on('connect', (_request: unknown, socket: Socket) => {
    // Node leaves the connection to us, errors included.
    socket.on('error', () => socket.destroy());
    endWith(CONNECT, socket);
  });
}

function endWith(code: string, socket: Socket): void {
  afterWholeRequests(socket, (isAnswerBegun) => {
    // In the middle of an answer, another one would pass for a part of it.
    if (!isAnswerBegun) socket.end(answerTo(code));
    // Ending waits for the client to end too, which a client that means harm does not.
    setTimeout(() => socket.destroy(), LINGER_MS);
  });
}

function answerTo(code: string): string {
  const { status, detail } = ANSWERS[code] ?? MALFORMED;
  const title = STATUS_CODES[status] ?? 'Error';
  const requestId = randomUUID();
  const problem: ProblemDto = {
    type: 'about:blank',
    title,
    status,
    detail,
    instance: '/',
    request_id: requestId,
  };
  const body = JSON.stringify(problem);
  return (
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_JSON}\r\n` +
    `X-Request-Id: ${requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
