import { Redis } from 'ioredis';
import type { Logger } from '../common/logging/logger.js';
import { ThrottledLog } from '../common/logging/throttled-log.js';

/** Redis that takes longer counts as away. Milliseconds. */
const TIMEOUT_MS = 250;
/** A connection that is silent for longer while an answer is due is given up; a busy moment of ours must not count. */
const HANGING_MS = 1000;
const LONGEST_PAUSE_MS = 2000;

/**
 * A client that fails fast: what needs Redis has something to fall back on, and no request may wait for it. It goes
 * on trying to connect, and logs each change between there and away once.
 *
 * @param keyPrefix of every key, so that deployments can share a Redis
 */
export function createRedis(url: string, logger: Logger, keyPrefix: string): Redis {
  const throttled = new ThrottledLog(logger);
  const redis = new Redis(url, {
    keyPrefix,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    disconnectTimeout: TIMEOUT_MS,
    // Without it each request would wait anew for a Redis that hangs, and nothing would say that it is away.
    socketTimeout: HANGING_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A primary that was demoted takes no writes; the address leads to its successor by now. The command fails, as when away.
    reconnectOnError: (error) => {
      const isReplica = /\bREADONLY\b/.test(error.message);
      if (isReplica) throttled.warn('redis takes no writes, as a replica does; connecting again');
      return isReplica;
    },
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
