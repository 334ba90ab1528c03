import { Injectable, NotFoundException, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Express, NextFunction, Request, Response } from 'express';
import { NotFoundError } from '../../errors/domain-errors.js';
import { ACCEPT_PATCH } from '../bodies/readable-bodies.js';

/** The path exists, but not with this method. */
export class MethodNotAllowedError extends Error {
  constructor(
    method: string,
    /** Value of the `Allow` header. */
    readonly allow: string,
  ) {
    super(`${method} is not allowed here; allowed: ${allow}`);
  }
}

/** The paths that people try first. */
const ENTRANCES = ['/', '/api'];
/** Value of the `Link` header of these paths (RFC 8631). */
const DOCUMENTATION = '</api/docs>; rel="service-doc", </api/docs/openapi.json>; rel="service-desc"';

interface RouterLayer {
  route?: { path: string; methods: Record<string, boolean> };
}

/**
 * Answers when no route matches: 405 with `Allow` for another method of a known path, 204 for OPTIONS, and 404 for the
 * rest, including paths outside `/api`, where Express would answer with an HTML page. The two paths that people try
 * first link to the documentation.
 *
 * Nest runs `onModuleInit` after it has registered all routes and before its own 404 handler, which is the right place.
 */
@Injectable()
export class FallbackRoutes implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const express = this.adapterHost.httpAdapter.getInstance<Express>();
    for (const [path, allow] of allowedMethods(express)) {
      express.all(path, (request: Request, response: Response, next: NextFunction) => {
        if (request.method !== 'OPTIONS') return next(new MethodNotAllowedError(request.method, allow));
        if (allow.split(', ').includes('PATCH')) response.set('Accept-Patch', ACCEPT_PATCH);
        response.set('Allow', allow).status(204).end();
      });
    }
    express.get(ENTRANCES, (_request: Request, response: Response, next: NextFunction) => {
      response.set('Link', DOCUMENTATION);
      next(new NotFoundError('There is nothing at this path; the documentation is at /api/docs'));
    });
    express.use((_request: Request, _response: Response, next: NextFunction) =>
      next(new NotFoundException()),
    );
  }
}

/** The `Allow` header of every path. */
function allowedMethods(express: Express): Map<string, string> {
  const methodsOf = new Map<string, Set<string>>();
  for (const { route } of express.router.stack as unknown as RouterLayer[]) {
    if (!route) continue;
    const methods = methodsOf.get(route.path) ?? new Set(['OPTIONS']);
    for (const method of Object.keys(route.methods)) methods.add(method.toUpperCase());
    if (methods.has('GET')) methods.add('HEAD');
    methodsOf.set(route.path, methods);
  }
  return new Map([...methodsOf].map(([path, methods]) => [path, [...methods].sort().join(', ')]));
}
