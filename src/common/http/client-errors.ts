import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEM_JSON, type ProblemDto } from './problem.js';

const ANSWERS: Readonly<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The request headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time' },
};

const MALFORMED = { status: 400, detail: 'The request is not valid HTTP' };

/**
 * Answers what never becomes a request (bytes that are no HTTP, headers beyond the limit) with problem details too;
 * Node's own answer has no body.
 */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { status, detail } = ANSWERS[error.code ?? ''] ?? MALFORMED;
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
    socket.end(
      `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_JSON}\r\n` +
        `X-Request-Id: ${requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}
