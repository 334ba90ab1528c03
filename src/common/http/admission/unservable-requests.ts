import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BadRequestException, HttpException, HttpStatus } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

const refusals = new WeakMap<IncomingMessage, HttpException>();

/**
 * Makes {@link refuseUnservable} answer requests that Node would answer itself, without a body and a request id (an
 * unknown `Expect`, no `Host`), and requests that Express would answer with an HTML page (an invalid URL). Runs before
 * Express. The server must be created with `requireHostHeader: false`.
 */
export function inspectRequests(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    refusals.set(request, new HttpException('', HttpStatus.EXPECTATION_FAILED));
    server.emit('request', request, response);
  });
  server.prependListener('request', (request: IncomingMessage) => {
    const target = originForm(request.url ?? '');
    if (target === undefined || !hasRightHosts(request)) refusals.set(request, new BadRequestException());
    request.url = target ?? '/';
  });
}

/** Express middleware that runs when a request has its id and the default headers. */
export function refuseUnservable(request: Request, _response: Response, next: NextFunction): void {
  next(refusals.get(request));
}

/** Path and query. A proxy may send the absolute URL (RFC 9112, section 3.2). */
function originForm(target: string): string | undefined {
  if (target.startsWith('/') || target === '*') return target;
  if (!URL.canParse(target)) return undefined;
  const { pathname, search } = new URL(target);
  return pathname.startsWith('/') ? pathname + search : undefined;
}

/**
 * Exactly one `Host`, or none in an HTTP/1.0 request (RFC 9112, section 3.2). With two, a proxy may have used the other
 * one.
 */
function hasRightHosts({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}
