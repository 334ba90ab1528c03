import cluster from 'node:cluster';
import { createApp } from './app.setup.js';
import { lowerPoolPriority } from './auth/passwords/pool-priority.js';
import { runWorkers } from './cluster.js';
import { createLogger, type Logger } from './common/logging/logger.js';
import type { AppConfig } from './config/config.js';
import { readConfig } from './config/read-config.js';
import { ConfigurationError } from './config/environment-reader.js';
import { Metrics } from './metrics/metrics.js';
import { serveMetrics } from './metrics/metrics-server.js';
import { PrometheusMetrics } from './metrics/prometheus-metrics.js';
import { stopGracefully } from './shutdown.js';
import { reportConfiguration, warnOfSilentDatabase } from './start-report.js';
import { sendHeartbeats } from './worker-heartbeat.js';
import { giveMetrics } from './worker-metrics.js';

/**
 * When the event loop needs a whole core, each hashing thread keeps a thirtieth of it. With 10, reads took up to four
 * times as long in a flood of logins as without; 19 is no better, and would starve hashes beside any other busy
 * process.
 */
const HASH_NICENESS = 15;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = createLogger(config.logLevel);
  if (cluster.isPrimary) reportConfiguration(config, logger);
  if (config.workers > 1 && cluster.isPrimary) return runWorkers(config, logger);
  if (cluster.isWorker) sendHeartbeats();
  // Before anything else, such as DNS resolution, keeps a thread of the pool busy.
  await letLoopGoFirst(config, logger);
  const app = await createApp(config, logger);
  stopGracefully(app, logger, config);
  await app.listen(config.port, config.host);
  logger.info({ url: await app.getUrl(), node: process.version }, 'listening');
  void warnOfSilentDatabase(app, config, logger);
  await offerMetrics(app.get<Metrics | undefined>(Metrics), config, logger);
}

/**
 * Lowers the priority of hashing, so that it does not slow down all other requests. The service also works without it,
 * with less even response times.
 */
async function letLoopGoFirst({ passwords: { poolThreads } }: AppConfig, logger: Logger): Promise<void> {
  try {
    const threads = await lowerPoolPriority(poolThreads, HASH_NICENESS);
    if (threads === poolThreads) return;
    const level = process.platform === 'linux' ? 'warn' : 'debug';
    logger[level](
      { threads, of: poolThreads },
      'some threads that hash keep the priority of everything else',
    );
  } catch (error) {
    logger.warn({ err: error }, 'hashing keeps the priority of everything else');
  }
}

/** With several processes the first one serves the metrics of all, and requests them from the others. */
async function offerMetrics(metrics: Metrics | undefined, config: AppConfig, logger: Logger): Promise<void> {
  if (!(metrics instanceof PrometheusMetrics) || config.metricsPort === undefined) return;
  const { registry } = metrics;
  if (cluster.isWorker) {
    giveMetrics(registry);
    return;
  }
  const source = { contentType: registry.contentType, text: () => registry.metrics() };
  const { port } = await serveMetrics(source, config.metricsHost, config.metricsPort);
  logger.info({ host: config.metricsHost, port }, 'metrics');
}

main().catch((error: unknown) => {
  for (const line of describe(error)) process.stderr.write(`${line}\n`);
  process.exit(1);
});

function describe(error: unknown): readonly string[] {
  if (error instanceof ConfigurationError) return error.problems;
  if (!(error instanceof Error)) return [String(error)];
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return [`Port ${port} on ${address} is already in use`];
  if (code === 'EACCES' && port !== undefined) return [`Port ${port} may not be used by this user`];
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return [
      `HOST and METRICS_HOST must be addresses of this machine, such as 0.0.0.0 or 127.0.0.1 (${code})`,
    ];
  }
  return [error.stack ?? error.message];
}
