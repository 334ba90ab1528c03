import { once } from 'node:events';
import { Server as NetServer } from 'node:net';
import type { Server } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import type { Logger } from './common/logging/logger.js';
import { type ShutdownConfig, stopLimitMs } from './config/shutdown-config.js';
import { Lifecycle } from './health/lifecycle.js';

/** Turns of the event loop without a new connection after which none is waiting, and the longest wait for them. */
const QUIET_TURNS = 20;
const ACCEPT_LIMIT_MS = 1_000;
/** How long a connection without a request may stay when nothing new is accepted any more. Milliseconds. */
const IDLE_MS = 2_000;

/** By these the process is told to end; SIGHUP comes when a terminal closes. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Ends the process on SIGTERM, SIGINT and SIGHUP without losing a request:
 *
 * 1. readiness turns to 503, and everything is served as before for the time of grace, so that load balancers look away;
 * 2. no new connection is accepted, and those there are end with their next answer, which says `Connection: close`;
 * 3. connections without a request end a little later, and then the application.
 *
 * `Connection: close` before the second step would send busy clients into the queue of the listening socket, and
 * closing that resets them: with 40 such clients 39 requests were lost.
 *
 * What is still open when the time of grace and the time to drain are over is cut off, and the exit code is 1.
 */
export function stopGracefully(app: NestExpressApplication, logger: Logger, config: ShutdownConfig): void {
  const server = app.getHttpServer();
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.warn({}, 'stopped with requests still open');
      process.exit(1);
    }, stopLimitMs(config)).unref();
    app.get(Lifecycle).stopping = true;
    sleep(config.shutdownGraceMs)
      .then(() => drain(server))
      .then(() => app.close())
      .then(() => {
        logger.info({}, 'stopped');
        process.exit(0);
      })
      .catch((error: unknown) => {
        logger.error({ err: error }, 'stopping failed');
        process.exit(1);
      });
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
}

/**
 * Waits until no connection is in the queue of the listening socket, which closing it would reset. Told by turns of the
 * event loop, each of which accepts what there is, and not by time: a process that gets no CPU accepts nothing.
 */
async function untilAccepted(server: Server): Promise<void> {
  const end = performance.now() + ACCEPT_LIMIT_MS;
  let quietTurns = 0;
  const note = () => (quietTurns = 0);
  server.on('connection', note);
  while (quietTurns < QUIET_TURNS && performance.now() < end) {
    await nextTurn();
    quietTurns++;
  }
  server.off('connection', note);
}

async function drain(server: Server): Promise<void> {
  await untilAccepted(server);
  // In front of Express, which may have sent its headers by the time a later listener runs.
  server.prependListener('request', (_request: Request, response: Response) => {
    response.setHeader('Connection', 'close');
  });
  // That of HTTP servers would end connections that look idle here, with a request already on its way.
  const closed = once(server, 'close');
  NetServer.prototype.close.call(server);
  // Those whose answer begins before this line do not end with it, and would outlast the limit of the process.
  server.keepAliveTimeout = IDLE_MS;
  const idle = setTimeout(() => server.closeIdleConnections(), IDLE_MS);
  await closed;
  clearTimeout(idle);
}
