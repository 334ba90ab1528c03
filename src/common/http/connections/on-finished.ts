import type { Socket } from 'node:net';
import type { Request, Response } from 'express';

const underWay = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once, when a request is over, however it ends. A response that waits behind another one of the same
 * connection (pipelining) never learns that the client has gone: only the connection does.
 */
export function onFinished(
  { socket }: Pick<Request, 'socket'>,
  response: Pick<Response, 'once' | 'closed'>,
  callback: () => void,
): void {
  // A client that left while something was awaited: no event tells of it any more.
  if (socket.destroyed || response.closed) {
    callback();
    return;
  }
  const waiting = underWay.get(socket) ?? new Set();
  if (!underWay.has(socket)) {
    underWay.set(socket, waiting);
    // One listener for all of them: many would look like a leak.
    socket.once('close', () => {
      for (const over of [...waiting]) over();
    });
  }
  const over = () => {
    if (waiting.delete(over)) callback();
  };
  waiting.add(over);
  response.once('close', over);
}

/**
 * Calls back once, when a request has its whole answer, whether or not the client takes it, or is over without one.
 * What is left of it then is bytes: no work.
 */
export function onAnswered(
  request: Pick<Request, 'socket'>,
  response: Pick<Response, 'once' | 'end' | 'closed'>,
  callback: () => void,
): void {
  let isAnswered = false;
  const answered = () => {
    if (!isAnswered) callback();
    isAnswered = true;
  };
  onFinished(request, response, answered);
  // No event tells it: `finish` waits for the client, and for those who asked before on the same connection.
  const end = response.end.bind(response) as (...given: unknown[]) => Response;
  response.end = ((...given: unknown[]) => {
    answered();
    return end(...given);
  }) as Response['end'];
}
