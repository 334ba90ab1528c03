import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import type { Logger } from './common/logging/logger.js';
import type { AppConfig } from './config/config.js';
import { HealthService } from './health/health.service.js';
import { Lifecycle } from './health/lifecycle.js';

const AWS = 'AWS';

/** Attempts before the warning about the database, and the pause between them. */
const TRIES = 2;
const PAUSE_MS = 1000;

/** Logs the configuration in one line, without secrets, and warns of missing settings. */
export function reportConfiguration(config: AppConfig, logger: Logger): void {
  const { aws, tables, database, storage } = config;
  logger.info(
    {
      node_env: config.nodeEnv,
      region: aws.region,
      credentials: aws.credentials ? 'access key' : 'default chain',
      dynamodb: database.endpoint ?? AWS,
      tables,
      s3: storage.endpoint ?? AWS,
      ...(storage.publicEndpoint && { s3_public: storage.publicEndpoint }),
      bucket: storage.bucket ?? null,
      folder: storage.audioFolder,
      limits: limitStore(config),
      workers: config.workers,
    },
    'configuration',
  );
  for (const line of config.warnings) logger.warn({}, line);
  if (storage.bucket === undefined) {
    logger.warn({}, 'AWS_S3_BUCKET_NAME is not set: uploads and downloads answer 501');
  }
}

/** Where limits are counted; of a URL only the host, since the rest may hold a password. */
function limitStore({ limits, redisUrl = '', tables }: AppConfig): string {
  if (!limits.enabled) return 'off';
  switch (limits.store) {
    case 'redis':
      return `redis at ${new URL(redisUrl).host}`;
    case 'dynamodb':
      return `dynamodb table ${tables.limits}`;
    case 'memory':
      return 'memory';
  }
}

/**
 * Warns if the database is unavailable. The service starts anyway, because the database may become available later.
 * With several processes the first one checks for all.
 */
export async function warnOfSilentDatabase(
  app: INestApplicationContext,
  { aws, database, tables }: AppConfig,
  logger: Logger,
): Promise<void> {
  if (cluster.isWorker && cluster.worker?.id !== 1) return;
  for (let times = 1; ; times++) {
    const isReady = await app
      .get(HealthService)
      .isReady()
      .catch(() => false);
    if (isReady || app.get(Lifecycle).stopping) return;
    if (times === TRIES) break;
    // The first attempt may be too slow on a machine that is busy with the start.
    await sleep(PAUSE_MS, undefined, { ref: false });
  }
  logger.warn(
    { region: aws.region, dynamodb: database.endpoint ?? AWS, tables },
    'the database does not serve yet: check region, endpoint, tables and credentials; requests that need it answer 503',
  );
}
