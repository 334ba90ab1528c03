import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';

/**
 * For Express: what each answer has unless somebody says otherwise. Security headers as `helmet` has them, and
 * `Cache-Control: no-store`. They are the same for every request, and so are computed once.
 */
export function defaultHeaders(): (request: Request, response: Response, next: NextFunction) => void {
  const headers = Object.entries({ ...securityHeaders(), 'Cache-Control': 'no-store' });
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

/** What `helmet` sets on a response. It looks at no request. */
function securityHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => void (headers[name] = value),
    // `X-Powered-By`, which is not set here.
    removeHeader: () => undefined,
  };
  const set = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // The documentation page carries its styles and icons within it.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });
  set({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error as Error;
  });
  return headers;
}
