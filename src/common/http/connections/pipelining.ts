import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { UnavailableError } from '../../errors/domain-errors.js';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { onFinished } from './on-finished.js';

/** Requests of one connection that wait for their turn. Libraries that send ahead at all send a few. */
const MAX_WAITING = 8;

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** The requests of one connection. */
interface Turns {
  /** What is being answered. */
  current: Exchange | undefined;
  /** What came last, whole or in part. */
  last: Exchange;
  readonly waiting: (() => void)[];
  /** Whether one came when too many were waiting. Nothing comes after it. */
  tooMany: boolean;
}

const turnsOf = new WeakMap<Socket, Turns>();

/**
 * Calls back when all that a connection has sent whole is answered, for what comes after it and is no request: answered at
 * once, it would pass for the answer to one of those before. A request that is not whole is not served any more. Never
 * where the connection ends first.
 *
 * @param callback gets the response of a request that is not whole, where there is one. Where its headers are sent, another
 *   answer would be in the middle of it, or the answer to nothing.
 */
export function afterWholeRequests(socket: Socket, callback: (unfinished?: Response) => void): void {
  const turns = turnsOf.get(socket);
  if (!turns) {
    callback();
    return;
  }
  const { current, last, waiting } = turns;
  const isWhole = last.request.complete;
  const unfinished = isWhole ? undefined : last.response;
  if (current === undefined || (current === last && !isWhole)) {
    callback(unfinished);
    return;
  }
  // Those who wait are in order: the one that will never be whole is the last of them.
  if (!isWhole && !turns.tooMany) waiting.pop();
  waiting.push(() => callback(unfinished));
}

/** Whether a request of the connection is being answered, or waits for that. */
export function isAnswering(socket: Socket): boolean {
  return turnsOf.get(socket)?.current !== undefined;
}

/**
 * For Express: serves the requests of one connection one after the other, each when the answer before it was handed to the
 * operating system. A client that sends many at once (pipelining) and reads nothing makes one answer wait in memory, and
 * no work for the others. Those who wait have no place of their own, are few, and go with the connection.
 */
export function answerInOrder(request: Request, response: Response, next: NextFunction): void {
  const { socket } = request;
  const exchange = { request, response };
  const turns: Turns = turnsOf.get(socket) ?? {
    current: undefined,
    last: exchange,
    waiting: [],
    tooMany: false,
  };
  turns.last = exchange;
  turnsOf.set(socket, turns);
  const serve = () => {
    turns.current = exchange;
    onFinished(request, response, () => {
      turns.current = undefined;
      // Nobody gets an answer over a connection that is ending.
      if (socket.writable) turns.waiting.shift()?.();
      else turns.waiting.length = 0;
    });
    next();
  };
  if (turns.current === undefined) serve();
  else if (turns.waiting.length < MAX_WAITING) turns.waiting.push(AsyncResource.bind(serve));
  else refuse(turns, request, response, next);
}

/**
 * Says once that there are too many, behind the answers of those before, and reads nothing more: neither of the connection
 * nor of what Node has read already.
 */
function refuse(turns: Turns, request: Request, response: Response, next: NextFunction): void {
  const { socket } = request;
  turns.tooMany = true;
  dropParsed(socket);
  socket.pause();
  // Node reads on when a request before this one is over.
  socket.on('resume', () => socket.pause());
  closeWithAnswer(request, response);
  next(new UnavailableError('The service is busy', 1));
}

/**
 * Has no requests made of what Node has read and not parsed yet. It parses all of that at once, up to 64 KB and thousands of
 * tiny requests a connection; ending the connection does not stop it, and makes an error for each of them besides.
 */
function dropParsed(socket: Socket): void {
  // What Node calls with each request, and no part of its documentation: where it goes by another name, nothing changes.
  const { parser } = socket as { parser?: { onIncoming?: () => number } };
  if (parser?.onIncoming) parser.onIncoming = () => 0;
}
