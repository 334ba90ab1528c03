import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BadRequestException, HttpException, HttpStatus } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';

const refusals = new WeakMap<IncomingMessage, HttpException>();

/**
 * Lets {@link refuseUnservable} answer what Node would answer by itself, without a body and a request id (an `Expect` that
 * nobody knows, no `Host`), and what Express would answer with a page of its own (an address that is none). In front of
 * Express; the server must have been made with `requireHostHeader: false`.
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

/** For Express, once a request has its id and the headers of every answer. */
export function refuseUnservable(request: Request, _response: Response, next: NextFunction): void {
  next(refusals.get(request));
}

/** Path and query, where a proxy asks with the whole address too (RFC 9112, section 3.2). */
function originForm(target: string): string | undefined {
  if (target.startsWith('/') || target === '*') return target;
  if (!URL.canParse(target)) return undefined;
  const { pathname, search } = new URL(target);
  return pathname.startsWith('/') ? pathname + search : undefined;
}

/** One `Host`, or none in a request of HTTP/1.0 (RFC 9112, section 3.2): with two, a proxy may have looked at the other. */
function hasRightHosts({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}
