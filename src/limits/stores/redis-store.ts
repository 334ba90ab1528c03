import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { CircuitBreaker } from '../../common/circuit-breaker.js';
import { circuitOf } from '../../redis/redis.js';
import type { Counts, CountsOptions, KnownClients, SharedStore } from './counts.js';
import { KNOWN_SECONDS, LocalKnownClients } from './known-clients.js';
import { LibraryCounts } from './library-counts.js';

/** Counts in Redis, which logs itself when it is away and back. */
export class RedisStore implements SharedStore {
  readonly circuit: CircuitBreaker;
  readonly known: KnownClients;

  constructor(private readonly redis: Redis) {
    this.circuit = circuitOf(redis);
    this.known = new RedisKnownClients(redis);
  }

  get isConnected(): boolean {
    return this.redis.status === 'ready';
  }

  /** Without the insurance of the library, which does not tell which of its counters answered. */
  counts(options: CountsOptions): Counts {
    const client = { storeClient: this.redis, rejectIfRedisNotReady: true };
    return new LibraryCounts(options, (library) => new RateLimiterRedis({ ...library, ...client }));
  }
}

class RedisKnownClients implements KnownClients {
  private readonly local = new LocalKnownClients();

  constructor(private readonly redis: Redis) {}

  async find(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set(await this.local.find(keys));
    if (known.size === keys.length || this.redis.status !== 'ready') return known;
    try {
      const values = await this.redis.mget(keys.map(knownKey));
      keys.filter((_, i) => values[i] !== null).forEach((key) => known.add(key));
    } catch {
      // Away since: the tighter answer.
    }
    return known;
  }

  async add(keys: readonly string[]): Promise<void> {
    await this.local.add(keys);
    const { redis } = this;
    if (redis.status !== 'ready') return;
    await Promise.all(
      keys.map((key) => redis.set(knownKey(key), '1', 'EX', KNOWN_SECONDS).catch(() => undefined)),
    );
  }
}

/** With the account in braces, so that all keys of an account are on one node of a cluster. */
function knownKey(key: string): string {
  return `known:${key.replace(/^[^:]+/, '{$&}')}`;
}
