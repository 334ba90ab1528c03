import { once } from 'node:events';
import { Server as NetServer } from 'node:net';
import type { Server } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import type { Logger } from './common/logging/logger.js';
import { type ShutdownConfig, stopLimitMs } from './config/shutdown-config.js';
import { Lifecycle } from './health/lifecycle.js';

/** Event loop turns without a new connection after which the queue is empty, and the maximum wait. */
const QUIET_TURNS = 20;
const ACCEPT_LIMIT_MS = 1_000;
/** How long an idle connection stays open when no new connections are accepted. Milliseconds. */
const IDLE_MS = 2_000;

/** The signals that end the process. SIGHUP is sent when a terminal closes. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Ends the process on SIGTERM, SIGINT and SIGHUP without losing a request:
 *
 * 1. Readiness changes to 503, and requests are served as before for the grace period, so that load balancers stop
 *    sending.
 * 2. No new connection is accepted, and existing ones end with their next response, which has `Connection: close`.
 * 3. Idle connections are closed a little later, and then the application.
 *
 * `Connection: close` before the second step would make busy clients reconnect into the queue of the listening socket,
 * and closing that resets them: with 40 such clients 39 requests were lost.
 *
 * After the grace period and the drain time, open connections are closed and the exit code is 1.
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
 * Waits until no connection is in the queue of the listening socket, because closing it would reset them. It counts
 * event loop turns, each of which accepts all waiting connections, and not time: a process without CPU accepts nothing.
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
  // Before Express, which may have sent the headers when a later listener runs.
  server.prependListener('request', (_request: Request, response: Response) => {
    response.setHeader('Connection', 'close');
  });
  // `close` of HTTP servers would close connections that look idle although a request is already on its way.
  const closed = once(server, 'close');
  NetServer.prototype.close.call(server);
  // Connections whose response begins before this line do not end with it, and would outlast the limit of the process.
  server.keepAliveTimeout = IDLE_MS;
  const idle = setTimeout(() => server.closeIdleConnections(), IDLE_MS);
  await closed;
  clearTimeout(idle);
}
