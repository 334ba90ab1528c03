import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { NextFunction, Request, Response } from 'express';
import { UnavailableError } from '../../errors/domain-errors.js';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { onFinished } from './on-finished.js';

/** Requests of one connection that may wait for their turn. Libraries that use pipelining send a few. */
const MAX_WAITING = 8;

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** The requests of one connection. */
interface Turns {
  /** The request that is being answered. */
  current: Exchange | undefined;
  /** The request that arrived last, complete or not. */
  last: Exchange;
  readonly waiting: (() => void)[];
  /** Whether a request arrived when too many were waiting. No request after it is served. */
  tooMany: boolean;
}

const turnsOf = new WeakMap<Socket, Turns>();

/**
 * Calls back when all complete requests of a connection are answered, for input after them that is not a valid request:
 * an immediate answer would be taken for the answer to an earlier request. An incomplete request is no longer served.
 * Does not call back if the connection ends first.
 *
 * @param callback receives the response of the incomplete request, if there is one. If its headers are sent, another
 *   response would be in the middle of it, or would answer nothing
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
  // Requests wait in order, so the incomplete one is the last.
  if (!isWhole && !turns.tooMany) waiting.pop();
  waiting.push(() => callback(unfinished));
}

/** Whether a request of the connection is being answered or is waiting. */
export function isAnswering(socket: Socket): boolean {
  return turnsOf.get(socket)?.current !== undefined;
}

/**
 * Express middleware that serves the requests of one connection one after the other. Each is served when the response
 * before it was handed to the operating system. If a client sends many requests at once (pipelining) and reads nothing,
 * one response waits in memory and no work is done for the others. Waiting requests take no slot, are few, and end with
 * the connection.
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
      // A closing connection gets no more responses.
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
 * Refuses once, after the responses of the earlier requests, and reads nothing more: neither from the connection nor
 * from the data that Node has read already.
 */
function refuse(turns: Turns, request: Request, response: Response, next: NextFunction): void {
  const { socket } = request;
  turns.tooMany = true;
  dropParsed(socket);
  socket.pause();
  // Node resumes reading when an earlier request is over.
  socket.on('resume', () => socket.pause());
  closeWithAnswer(request, response);
  next(new UnavailableError('The service is busy', 1));
}

/**
 * Discards the data that Node has read but not parsed yet. Node parses up to 64 KB at once, which is thousands of tiny
 * requests a connection. Ending the connection does not stop it, and adds an error for each of them.
 */
function dropParsed(socket: Socket): void {
  // Node calls this for each request. It is undocumented: if it has another name, nothing changes.
  const { parser } = socket as { parser?: { onIncoming?: () => number } };
  if (parser?.onIncoming) parser.onIncoming = () => 0;
}
