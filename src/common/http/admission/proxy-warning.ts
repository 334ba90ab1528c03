import type { NextFunction, Request, Response } from 'express';
import type { Logger } from '../../logging/logger.js';

/**
 * Logs once that requests seem to come through a proxy that is not configured: limits by client address then count all
 * clients behind it as one. A client can send that header too, so the line is only a hint.
 */
export function warnOfUntrustedProxy(logger: Logger) {
  let isSaid = false;
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (!isSaid && request.headers['x-forwarded-for'] !== undefined) {
      isSaid = true;
      logger.warn(
        {},
        'a request came with X-Forwarded-For, and TRUST_PROXY is not set: behind a proxy all clients are counted as one',
      );
    }
    next();
  };
}
