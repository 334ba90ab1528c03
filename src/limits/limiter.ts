import type { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { type LimitState, TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { CircuitBreaker } from '../common/circuit-breaker.js';
import type { Limit } from '../config/config.js';
import { circuitOf } from '../redis/redis.js';

/** What of the quota one instance grants while Redis, where all of them count together, is away. */
const INSURANCE_SHARE = 0.5;

/** The count of a blocked key: so far beyond every quota that what is given back meanwhile does not show. */
const BLOCKED = 1_000_000_000;

/** The most corrections that are kept for Redis while it is away, and so many are sent at once when it is back. */
const MAX_OWED = 1000;
const OWED_AT_ONCE = 20;

/** A store of counts, and how many it grants. */
interface Counter {
  readonly store: RateLimiterAbstract;
  readonly quota: number;
}

/** A request that was counted. */
export interface Counted {
  /** How the counter that took it stands. */
  readonly state: LimitState;
  /** Whether it is one too many for that counter. */
  readonly isRefused: boolean;
  /** Whether it is the first one too many, so that nobody has blocked the key yet. */
  readonly isFirstRefused: boolean;
  /** Gives it back to the counter that took it. */
  giveBack(): Promise<void>;
  /** Lets the counter that took it refuse everything of this key for so many seconds. */
  block(seconds: number): Promise<void>;
}

/** Counts requests by key against one limit, in Redis where there is one and in memory otherwise. */
export class Limiter {
  /** Where all instances count together. */
  private readonly shared: Counter | undefined;
  /** Where this instance counts for itself: at a smaller quota where the shared counter is only away. */
  private readonly own: Counter;
  /** Corrections that Redis could not take. Without them an outage would cost somebody attempts. */
  private readonly owed: (() => Promise<boolean>)[] = [];
  private readonly circuit: CircuitBreaker | undefined;

  constructor(
    private readonly policy: string,
    private readonly limit: Limit,
    private readonly redis: Redis | undefined,
  ) {
    this.circuit = redis && circuitOf(redis);
    const options = { keyPrefix: `limit:${policy}`, points: limit.points, duration: limit.seconds };
    const ownQuota = redis ? Math.max(1, Math.floor(limit.points * INSURANCE_SHARE)) : limit.points;
    this.own = { store: new RateLimiterMemory({ ...options, points: ownQuota }), quota: ownQuota };
    // Without the insurance of the library, which does not tell which of its counters answered.
    this.shared = redis && {
      store: new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true }),
      quota: limit.points,
    };
  }

  /**
   * Counts one request.
   *
   * @throws TooManyRequestsError where it is one too many
   */
  async consume(key: string): Promise<Counted> {
    const counted = await this.count(key);
    if (counted.isRefused) throw new TooManyRequestsError(counted.state);
    return counted;
  }

  /** Counts one request, also one that is one too many. */
  async count(key: string): Promise<Counted> {
    const { shared } = this;
    if (!shared || !this.isConnected) return this.take(this.own, key);
    if (this.owed.length > 0) await this.settle();
    try {
      return await this.asked(shared, () => this.take(shared, key));
    } catch {
      // Redis is away, which its client logs.
      return this.take(this.own, key);
    }
  }

  /** Forgets what was counted. */
  async reset(key: string): Promise<void> {
    await this.own.store.delete(key);
    if (this.shared) await this.correct(this.shared, ({ store }) => store.delete(key));
  }

  private async take(counter: Counter, key: string): Promise<Counted> {
    const result = await counter.store.consume(key).catch((reason: unknown) => {
      if (reason instanceof RateLimiterRes) return reason;
      throw reason;
    });
    const { quota } = counter;
    const consumed = result.consumedPoints > BLOCKED / 2 ? quota + 1 : result.consumedPoints;
    return {
      state: {
        policy: this.policy,
        quota,
        windowSeconds: this.limit.seconds,
        consumed,
        remaining: Math.max(0, result.remainingPoints),
        resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
      },
      isRefused: consumed > quota,
      isFirstRefused: result.consumedPoints === quota + 1,
      giveBack: async () => void (await this.correct(counter, ({ store }) => giveBack(store, key))),
      block: async (seconds) => {
        const block = ({ store }: Counter) => store.set(key, BLOCKED, seconds);
        // Also where Redis is away by now: what was counted there is refused until the end of the window at least.
        await this.asked(counter, () => block(counter)).catch(() => block(this.own));
      },
    };
  }

  /** Through the circuit where it is Redis that is asked; at once an error where there is no connection to it. */
  private async asked<T>(counter: Counter, call: () => Promise<T>): Promise<T> {
    if (counter !== this.shared || !this.circuit) return call();
    if (!this.isConnected) throw new Error('There is no connection to Redis');
    return this.circuit.run(call);
  }

  private get isConnected(): boolean {
    return this.redis?.status === 'ready';
  }

  /**
   * Changes a count; later where Redis cannot be told now.
   *
   * @returns whether it was told
   */
  private async correct(counter: Counter, change: (counter: Counter) => Promise<unknown>): Promise<boolean> {
    try {
      await this.asked(counter, () => change(counter));
      return true;
    } catch {
      if (this.owed.length < MAX_OWED) this.owed.push(() => this.correct(counter, change));
      return false;
    }
  }

  /** Until one of them fails: a Redis that takes no writes is not sent all of them again and again. */
  private async settle(): Promise<void> {
    while (this.owed.length > 0 && this.isConnected && this.circuit?.isOpen !== true) {
      const told = await Promise.all(this.owed.splice(0, OWED_AT_ONCE).map((correction) => correction()));
      if (told.includes(false)) return;
    }
  }
}

async function giveBack(store: RateLimiterAbstract, key: string): Promise<void> {
  const { consumedPoints } = await store.reward(key);
  // The window is over, or the count was forgotten: nobody may have an attempt more than the quota for that.
  if (consumedPoints < 0) await store.penalty(key);
}
