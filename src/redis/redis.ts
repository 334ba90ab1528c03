import { Redis } from 'ioredis';
import { CircuitBreaker } from '../common/circuit-breaker.js';
import type { Logger } from '../common/logging/logger.js';
import { ThrottledLog } from '../common/logging/throttled-log.js';

/** A slower Redis counts as unavailable. Milliseconds. */
const TIMEOUT_MS = 250;
/**
 * A connection without data for this time while a response is due is closed. It is long enough for a blocked event
 * loop. Milliseconds.
 */
const HANGING_MS = 1000;
const LONGEST_PAUSE_MS = 2000;
/** How long the circuit stays open if Redis answers with errors or too late. Milliseconds. */
const CIRCUIT_PAUSE_MS = 1000;

const circuits = new WeakMap<Redis, CircuitBreaker>();

/** The circuit breaker of a client. It never opens for a client that was not created here. */
export function circuitOf(redis: Redis): CircuitBreaker {
  const circuit =
    circuits.get(redis) ?? new CircuitBreaker({ source: 'redis', pauseMs: 0, isFailure: () => true });
  circuits.set(redis, circuit);
  return circuit;
}

/**
 * Creates a client that fails fast: everything that needs Redis has a fallback, and no request may wait for it. It
 * keeps reconnecting, and logs each change of its availability once. Calls go through {@link circuitOf}.
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
    // Without it each request would wait for a Redis that hangs, and nothing would report that it is unavailable.
    socketTimeout: HANGING_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // A demoted primary refuses writes, and the host name points to its successor by now. The command fails, as if
    // Redis were unavailable.
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
    // A Redis that is full, has too few replicas or is slow stays connected but is unusable.
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
