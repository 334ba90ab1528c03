import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { valuesOf } from './headers/repeated-headers.js';
import { onFinished } from './connections/on-finished.js';
import { DatabaseTime, type RequestContext, runInRequest } from '../request-context.js';
import type { Logger } from '../logging/logger.js';

/** A request id that is accepted from the client. It cannot forge a log line or a header. */
const WELL_FORMED_ID = /^[\w.:-]{1,128}$/;

/** The route of a request that matches none. */
const UNMATCHED = 'unmatched';

/** Status of a request whose client disconnected before the answer, as in nginx. No status was sent. */
const CLIENT_LEFT = 499;

/** Receives the metrics of each request. */
export interface RequestMetrics {
  requestStarted(): void;
  requestEnded(method: string, route: string, status: number, durationMs: number, userId?: string): void;
}

interface RouterLayer {
  route?: { path: string };
  match(path: string): boolean;
}

/**
 * Gives each request its id and its context, and writes one log line when it ends: method, route template (never the
 * path, which may contain secrets), status, duration, request id, user id.
 */
export function accessLog(logger: Logger, metrics?: RequestMetrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const started = performance.now();
    const offered = valuesOf(request, 'x-request-id');
    const [only] = offered.length === 1 ? offered : [];
    const requestId = only !== undefined && WELL_FORMED_ID.test(only) ? only : randomUUID();
    const context: RequestContext = {
      requestId,
      address: request.ip ?? '',
      userAgent: request.get('User-Agent'),
      databaseTime: new DatabaseTime(),
    };
    metrics?.requestStarted();
    response.setHeader('X-Request-Id', requestId);
    onFinished(request, response, () => {
      const aborted = !response.writableFinished;
      const status = aborted && !response.headersSent ? CLIENT_LEFT : response.statusCode;
      const route = routeTemplate(request);
      const durationMs = performance.now() - started;
      metrics?.requestEnded(request.method, route, status, durationMs, context.userId);
      const fields = {
        // Set here: the event may come from the socket, outside the request's context.
        request_id: requestId,
        method: request.method,
        route,
        status,
        duration_ms: Math.round(durationMs * 10) / 10,
        ...(context.userId !== undefined && { user_id: context.userId }),
        ...(aborted && { aborted }),
      };
      logger.info(fields, 'request');
    });
    runInRequest(context, next);
  };
}

/**
 * If a request ended before routing (for example because its body could not be read), the route that would have
 * matched.
 */
function routeTemplate(request: Request): string {
  const route = request.route as { path?: unknown } | undefined;
  if (typeof route?.path === 'string') return route.path;
  const layers = request.app.router.stack as unknown as RouterLayer[];
  try {
    return layers.find((layer) => layer.route && layer.match(request.path))?.route?.path ?? UNMATCHED;
  } catch {
    // The path has an invalid percent-encoding. An exception thrown from an event would end the process.
    return UNMATCHED;
  }
}
