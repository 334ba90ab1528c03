import { Redis } from 'ioredis';
import type { Logger } from '../common/logging/logger.js';

/** Redis that takes longer counts as away. Milliseconds. */
const TIMEOUT_MS = 250;
/** A connection that is silent for longer while an answer is due is given up; a busy moment of ours must not count. */
const HANGING_MS = 1000;
const LONGEST_PAUSE_MS = 2000;

/**
 * A client that fails fast: what needs Redis has something to fall back on, and no request may wait for it. It goes
 * on trying to connect, and logs each change between there and away once.
 */
export function createRedis(url: string, logger: Logger): Redis {
  const redis = new Redis(url, {
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    disconnectTimeout: TIMEOUT_MS,
    // Without it each request would wait anew for a Redis that hangs, and nothing would say that it is away.
    socketTimeout: HANGING_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, LONGEST_PAUSE_MS),
  });
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away)
      logger.error({ err: error }, 'redis is away; limits are counted by each instance, more tightly');
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.info({}, 'redis is back');
    away = false;
  });
  return redis;
}
