import { AsyncResource } from 'node:async_hooks';
import { PayloadTooLargeException } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { problemOf } from '../problems/problem-of.js';
import { PROBLEM_JSON } from '../problems/problem.js';

/** Maximum size of a request body, before and after decompression; bytes. */
export const BODY_LIMIT = 100 * 1024;

/** Whether a body follows the headers. */
export function hasBody({ headers }: Request): boolean {
  // fetch and Node send `Content-Length: 0` with a POST that has no body.
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Answers a body that is too large with 413 immediately: by its `Content-Length`, or when that many bytes have arrived.
 * The body parser would read all of it first, even a gigabyte.
 */
export function limitBody(request: Request, response: Response, next: NextFunction): void {
  const { 'content-length': announced, 'transfer-encoding': encoding } = request.headers;
  if (Number(announced ?? 0) > BODY_LIMIT) {
    refuse(request, response);
    return;
  }
  if (encoding !== undefined) {
    let received = 0;
    // Events of the body are emitted outside the request's context.
    const refuseHere = AsyncResource.bind(() => refuse(request, response));
    request.on('data', (chunk: Buffer) => {
      const before = received;
      received += chunk.length;
      if (before <= BODY_LIMIT && received > BODY_LIMIT) refuseHere();
    });
  }
  next();
}

function refuse(request: Request, response: Response): void {
  // The body parser would also detect that the body is too large, but would read the rest of it.
  closeWithAnswer(request, response);
  if (response.headersSent) return;
  const problem = problemOf(new PayloadTooLargeException(), request.path);
  const body = Buffer.from(JSON.stringify(problem));
  response.writeHead(413, { 'Content-Type': PROBLEM_JSON, 'Content-Length': body.length }).end(body);
}
