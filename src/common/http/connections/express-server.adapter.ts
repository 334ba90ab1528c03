import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, Response } from 'express';

/**
 * Nest's adapter, whose server makes requests and responses as Express wants them.
 *
 * Express gives each of them another prototype when it comes in, which V8 pays for with 15 KB a request, 9 of
 * which only a full collection takes away: those were the longest pauses. Express leaves those alone that
 * have its prototype from the beginning. `npm run bench:garbage` shows both.
 */
export class ExpressServerAdapter extends ExpressAdapter {
  /** @param written is told when a part of an answer was given to a connection */
  constructor(private readonly written: (socket: Socket) => void = () => undefined) {
    super();
  }

  /** As Nest's, which would make JSON of bytes. */
  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (!Buffer.isBuffer(body)) return super.reply(response, body, statusCode) as unknown;
    if (statusCode !== undefined) response.status(statusCode);
    return response.send(body);
  }

  /** Plain HTTP: encryption ends at the load balancer. */
  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    const written = this.written;
    // Classes of this application alone: their prototypes hold what Express has given it.
    class ExpressRequest extends IncomingMessage {}
    class ExpressResponse extends ServerResponse {
      override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
        const { socket } = this;
        const isTaken = super.write(chunk, encoding as BufferEncoding, callback as () => void);
        if (socket) written(socket);
        return isTaken;
      }

      override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
        const { socket } = this;
        super.end(chunk, encoding as BufferEncoding, callback as () => void);
        if (socket) written(socket);
        return this;
      }
    }
    express.request = freshByEntityTag(extending(ExpressRequest.prototype, express.request));
    express.response = extending(ExpressResponse.prototype, express.response);
    const classes = { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
    // Answered by `refuseUnservable`, as every error.
    this.setHttpServer(createServer({ ...classes, requireHostHeader: false }, express));
  }
}

/** The prototype of a class, with what another one has besides. */
function extending<Prototype extends object>(prototype: object, other: Prototype): Prototype {
  return Object.setPrototypeOf(prototype, other) as Prototype;
}

/**
 * Makes an answer a 304 only where it has an entity tag. Express makes every answer to `If-None-Match: *` one, health too,
 * which has none to match (RFC 9110 §13.1.2).
 */
function freshByEntityTag(request: Request): Request {
  const express = Object.getPrototypeOf(request) as object;
  return Object.defineProperty(request, 'fresh', {
    configurable: true,
    get(this: Request): boolean {
      return this.res?.hasHeader('ETag') === true && (Reflect.get(express, 'fresh', this) as boolean);
    },
  });
}
