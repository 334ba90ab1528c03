import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Express, NextFunction, Request, Response } from 'express';

/** The path exists, the method does not. */
export class MethodNotAllowedError extends Error {
  constructor(
    method: string,
    /** Value of the `Allow` header. */
    readonly allow: string,
  ) {
    super(`${method} is not allowed here; allowed: ${allow}`);
  }
}

interface RouterLayer {
  route?: { path: string; methods: Record<string, boolean> };
}

/**
 * Answers 405 with `Allow` where Express would answer 404, and OPTIONS with 204. Nest runs `onModuleInit` when all
 * routes are registered and the 404 handler is not yet, which is the place for a handler behind the routes.
 */
@Injectable()
export class MethodNotAllowedRoutes implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const express = this.adapterHost.httpAdapter.getInstance<Express>();
    const methodsOf = new Map<string, Set<string>>();
    for (const { route } of express.router.stack as unknown as RouterLayer[]) {
      if (!route) continue;
      const methods = methodsOf.get(route.path) ?? new Set<string>();
      for (const method of Object.keys(route.methods)) methods.add(method.toUpperCase());
      methodsOf.set(route.path, methods);
    }
    for (const [path, methods] of methodsOf) {
      if (methods.has('GET')) methods.add('HEAD');
      const allow = [...methods, 'OPTIONS'].sort().join(', ');
      express.all(path, (request: Request, response: Response, next: NextFunction) => {
        if (request.method === 'OPTIONS') response.set('Allow', allow).status(204).end();
        else next(new MethodNotAllowedError(request.method, allow));
      });
    }
  }
}
