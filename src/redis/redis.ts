import { Redis } from 'ioredis';
import { CircuitBreaker } from '../common/circuit-breaker.js';
import type { Logger } from '../common/logging/logger.js';
import { ThrottledLog } from '../common/logging/throttled-log.js';

/** Redis that takes longer counts as away. Milliseconds. */
const TIMEOUT_MS = 250;
/** A connection that is silent for longer while an answer is due is given up; a busy moment of ours must not count. */
const HANGING_MS = 1000;
const LONGEST_PAUSE_MS = 2000;
/** So long nobody asks a Redis that answers with errors, or too late; then one at a time does. Milliseconds. */
const CIRCUIT_PAUSE_MS = 1000;

const circuits = new WeakMap<Redis, CircuitBreaker>();

/** The circuit that calls of this client go through; one that is always closed where it was not made here. */
export function circuitOf(redis: Redis): CircuitBreaker {
  const circuit =
    circuits.get(redis) ?? new CircuitBreaker({ source: 'redis', pauseMs: 0, isFailure: () => true });
  circuits.set(redis, circuit);
  return circuit;
}

/**
 * A client that fails fast: what needs Redis has something to fall back on, and no request may wait for it. It goes
 * on trying to connect, and logs each change between there and away once. Calls go through {@link circuitOf}.
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
  let isConnected = true;
  let isAway = false;
  const tell = (cause?: unknown): void => {
    const wasAway = isAway;
    isAway = !isConnected || circuit.isOpen;
    if (isAway && !wasAway)
      logger.error({ err: cause }, 'redis is away; limits are counted by each instance, more tightly');
    if (!isAway && wasAway) logger.info({}, 'redis is back');
  };
  const circuit = new CircuitBreaker({
    ...{ source: 'redis', pauseMs: CIRCUIT_PAUSE_MS, isFailure: () => true },
    // A Redis that is full, has too few replicas or is slow stays connected, and is no use.
    onChange: (_open, cause) => tell(cause),
  });
  circuits.set(redis, circuit);
  redis.on('error', (error: Error) => {
    isConnected = false;
    tell(error);
  });
  redis.on('ready', () => {
    isConnected = true;
    tell();
  });
  return redis;
}
