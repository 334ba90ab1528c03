import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { clientKey } from '../connections/client-key.js';
import { UnavailableError } from '../../errors/domain-errors.js';
import { hasBody } from './body-limit.js';
import { closeWithAnswer } from '../problems/closing-answer.js';
import { onFinished } from '../connections/on-finished.js';

/** Maximum share of all arriving requests for one client. */
const SHARE_OF_ONE = 1 / 8;

/** Requests that send their body only after a `100 Continue` (`Expect: 100-continue`). */
const waiting = new WeakSet<IncomingMessage>();

/** Lets {@link ArrivingRequests} decide who gets `100 Continue`. Node would send it to all. */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    server.emit('request', request, response);
  });
}

/**
 * Limits the requests whose body is still arriving, in total and by client address. They take no slot of the requests
 * that are being processed, so that clients with slow bodies keep nobody out. A request beyond the limit gets 503
 * immediately, and its body is not read.
 */
export class ArrivingRequests {
  private arriving = 0;
  private readonly ofClient = new Map<string, number>();
  private readonly maxOfOne: number;

  /** @param max in one process; 0 for no limit */
  constructor(private readonly max: number) {
    this.maxOfOne = Math.ceil(max * SHARE_OF_ONE);
  }

  /** Express middleware before the body parser. */
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
