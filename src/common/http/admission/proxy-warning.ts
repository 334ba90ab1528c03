import type { NextFunction, Request, Response } from 'express';
import type { Logger } from '../../logging/logger.js';

/**
 * Says once that requests seem to come through a proxy that nobody told of: limits by client address then count everybody
 * behind it as one client. A client can write that header too, so that this is no more than a hint.
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
