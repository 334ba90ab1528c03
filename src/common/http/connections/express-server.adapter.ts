import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, Response } from 'express';

/**
 * Nest's adapter, with a server that creates requests and responses with the prototypes of Express.
 *
 * Express replaces the prototype of each request and response, which costs V8 15 KB a request. A full garbage
 * collection is needed for 9 of them, and these collections were the longest pauses. Express does not replace a
 * prototype that is already the right one. `npm run bench:garbage` shows both.
 */
export class ExpressServerAdapter extends ExpressAdapter {
  /** @param written called when a part of a response was written to a connection */
  constructor(private readonly written: (socket: Socket) => void = () => undefined) {
    super();
  }

  /** Like Nest's, which would serialize bytes as JSON. */
  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (!Buffer.isBuffer(body)) return super.reply(response, body, statusCode) as unknown;
    if (statusCode !== undefined) response.status(statusCode);
    return response.send(body);
  }

  /** Plain HTTP: TLS ends at the load balancer. */
  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    const written = this.written;
    // Classes of this application only: Express has set properties on their prototypes.
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
    // `refuseUnservable` answers it, like every error.
    this.setHttpServer(createServer({ ...classes, requireHostHeader: false }, express));
  }
}

/** The prototype of a class, extended by the properties of another one. */
function extending<Prototype extends object>(prototype: object, other: Prototype): Prototype {
  return Object.setPrototypeOf(prototype, other) as Prototype;
}

/**
 * Answers 304 only if the response has an entity tag. Express answers every `If-None-Match: *` with 304, even for
 * health, which has no entity tag to match (RFC 9110 §13.1.2).
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
