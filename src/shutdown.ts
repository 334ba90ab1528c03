import type { NestApplication } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import type { Logger } from './common/logging/logger.js';

/** After this the process ends whatever is still open; orchestrators kill it not much later. Milliseconds. */
const LIMIT_MS = 9_000;

/**
 * Ends the process on SIGTERM and SIGINT without losing a request: readiness turns to 503 (Terminus) and every answer
 * says `Connection: close` while the instance goes on serving for its grace period, so that load balancers look away
 * and keep-alive clients leave between two requests; only then does the server close.
 */
export function stopGracefully(app: NestExpressApplication, logger: Logger): void {
  let stopping = false;
  const server = app.getHttpServer();
  // In front of Express, which may have sent its headers by the time a later listener runs.
  server.prependListener('request', (_request: Request, response: Response) => {
    if (stopping) response.setHeader('Connection', 'close');
  });
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.warn({}, 'stopped with requests still open');
      process.exit(1);
    }, LIMIT_MS).unref();
    // The class takes the signal, which Terminus waits for its grace period by; the interface leaves it out.
    (app as unknown as NestApplication)
      .close(signal)
      .then(() => {
        logger.info({}, 'stopped');
        process.exit(0);
      })
      .catch((error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
