import type { Socket } from 'node:net';
import type { Request, Response } from 'express';

const underWay = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once when a request is over, for any reason. A response that waits behind another one on the same
 * connection (pipelining) gets no event when the client disconnects: only the connection does.
 */
export function onFinished(
  { socket }: Pick<Request, 'socket'>,
  response: Pick<Response, 'once' | 'closed'>,
  callback: () => void,
): void {
  // The client disconnected during an await: there will be no more events.
  if (socket.destroyed || response.closed) {
    callback();
    return;
  }
  const waiting = underWay.get(socket) ?? new Set();
  if (!underWay.has(socket)) {
    underWay.set(socket, waiting);
    // One listener for all requests: Node warns of a leak if there are many.
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
 * Calls back once when a request has its complete response, whether or not the client reads it, or has ended without
 * one. After that only bytes are sent, and no work is left.
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
  // There is no event for it: `finish` waits for the client, and for earlier requests on the same connection.
  const end = response.end.bind(response) as (...given: unknown[]) => Response;
  response.end = ((...given: unknown[]) => {
    answered();
    return end(...given);
  }) as Response['end'];
}
