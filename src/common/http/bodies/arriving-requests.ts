import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { clientKey } from '../connections/client-key.js';
import { UnavailableError } from '../../errors/domain-errors.js';
import { hasBody } from './body-limit.js';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { onFinished } from '../connections/on-finished.js';

/** One client may have this share of all that may arrive at the same time. */
const SHARE_OF_ONE = 1 / 8;

/** Requests that send their body when they are told to (`Expect: 100-continue`). */
const waiting = new WeakSet<IncomingMessage>();

/** Lets {@link ArrivingRequests} tell those who ask first whether to send their body; Node would tell all of them. */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    server.emit('request', request, response);
  });
}

/**
 * Bounds the requests whose body is still coming, in all and by client address. They have no place among those that are
 * worked for, so that clients which send in drops keep nobody else out; what is beyond the bound is told 503 at once, and
 * its body is not waited for.
 */
export class ArrivingRequests {
  private arriving = 0;
  private readonly ofClient = new Map<string, number>();
  private readonly maxOfOne: number;

  /** @param max in one process; 0 for any number */
  constructor(private readonly max: number) {
    this.maxOfOne = Math.ceil(max * SHARE_OF_ONE);
  }

  /** For Express, in front of the body parser. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    if (!hasBody(request)) {
      next();
      return;
    }
    const client = clientKey(request.ip ?? '');
    const ofClient = this.ofClient.get(client) ?? 0;
    if (this.max > 0 && (this.arriving >= this.max || ofClient >= this.maxOfOne)) {
      closeWithAnswer(request, response);
      next(new UnavailableError('Too many requests are still arriving', 1));
      return;
    }
    this.count(client, 1);
    let isHere = false;
    const here = () => {
      if (!isHere) this.count(client, -1);
      isHere = true;
    };
    request.once('end', here);
    onFinished(request, response, here);
    if (waiting.delete(request)) response.writeContinue();
    next();
  };

  private count(client: string, change: 1 | -1): void {
    this.arriving += change;
    const left = (this.ofClient.get(client) ?? 0) + change;
    if (left === 0) this.ofClient.delete(client);
    else this.ofClient.set(client, left);
  }
}
