import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import promClient from 'prom-client';
import type { Logger } from './common/logging/logger.js';
import type { AppConfig } from './config/config.js';
import { stopLimitMs } from './config/shutdown-config.js';
import { serveMetrics } from './metrics/metrics-server.js';
import { STOP_SIGNALS } from './shutdown.js';
import { killSilentWorkers } from './worker-heartbeat.js';
import { WorkerMetrics } from './worker-metrics.js';

/** If a worker ends sooner, a new one will probably fail too. Milliseconds. */
const SHORT_LIFE_MS = 5_000;
const FIRST_PAUSE_MS = 250;
/**
 * Workers end themselves at the end of the shutdown time. A worker that hangs is killed this much later. Milliseconds.
 */
const KILL_AFTER_MS = 1_000;
/** After this many consecutive workers that end before they listen, no more are started. */
const MAX_FALSE_STARTS = 5;
/** Maximum pause before a retry if the system cannot create a process. */
const LONGEST_PAUSE_MS = 30_000;

/**
 * Runs the service in several processes that share the port and replaces each one that ends. The processes share no
 * state except in DynamoDB and Redis.
 *
 * Passes on SIGTERM, SIGINT and SIGHUP, and ends when all workers have ended: with 0 if each ended without an error,
 * and with 1 otherwise. A worker that hangs is killed.
 */
export async function runWorkers(config: AppConfig, logger: Logger): Promise<void> {
  if (config.metricsPort !== undefined) {
    const metrics = new WorkerMetrics();
    const source = { contentType: promClient.register.contentType, text: () => metrics.collect() };
    const { port } = await serveMetrics(source, config.metricsHost, config.metricsPort);
    logger.info({ host: config.metricsHost, port }, 'metrics');
  }
  if (config.limits.enabled && config.limits.store === 'memory') {
    const advice = 'set REDIS_URL or LIMIT_STORE=dynamodb';
    logger.warn({ workers: config.workers }, `each worker counts limits for itself; ${advice}`);
  }
  let stopping = false;
  let clean = true;
  let falseStarts = 0;
  let failedForks = 0;
  killSilentWorkers(logger);

  const startAfter = (milliseconds: number): void => {
    void sleep(milliseconds).then(() => {
      if (!stopping) start();
    });
  };

  /** Too many processes or files, or too little memory: this may be temporary, and the other workers continue. */
  const failed = (error: unknown): void => {
    logger.error({ err: error }, 'a worker could not be started; trying again');
    startAfter(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failedForks++));
  };

  const start = (): void => {
    const startedAt = performance.now();
    let worker: Worker;
    try {
      worker = cluster.fork();
    } catch (error) {
      failed(error);
      return;
    }
    worker.on('error', (error: unknown) => {
      // If the process exists, errors are about messages to it.
      if (worker.process.pid === undefined) {
        // Nothing else removes it from the list.
        delete cluster.workers?.[worker.id];
        failed(error);
      }
    });
    let listened = false;
    worker.once('listening', () => {
      listened = true;
      falseStarts = failedForks = 0;
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      // Some systems also report a process that could not be created like this.
      if (worker.process.pid === undefined) return;
      if (stopping) {
        // A worker that had not listened yet had nothing to end.
        clean &&= code === 0 || !listened;
        if (livingWorkers().length === 0) process.exit(clean ? 0 : 1);
        return;
      }
      logger.error({ worker: worker.process.pid, code, signal }, 'a worker ended; starting another');
      if (!listened && ++falseStarts >= MAX_FALSE_STARTS) {
        logger.error({}, 'workers end before they serve; giving up');
        process.exit(1);
      }
      const pause = performance.now() - startedAt < SHORT_LIFE_MS ? FIRST_PAUSE_MS * 2 ** falseStarts : 0;
      startAfter(pause);
    });
  };

  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    const workers = livingWorkers();
    if (workers.length === 0) process.exit(1);
    for (const worker of workers) worker.process.kill(signal);
    setTimeout(
      () => {
        for (const worker of livingWorkers()) {
          logger.error({ worker: worker.process.pid }, 'a worker did not stop and is killed');
          worker.process.kill('SIGKILL');
        }
      },
      stopLimitMs(config) + KILL_AFTER_MS,
    ).unref();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  for (let n = 0; n < config.workers; n++) start();
}

function livingWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) =>
    worker && !worker.isDead() ? [worker] : [],
  );
}
