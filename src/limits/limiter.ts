import type { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { type LimitState, TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { Limit } from '../config/config.js';

/** What of the quota one instance grants while Redis, where all of them count together, is away. */
const INSURANCE_SHARE = 0.5;

/** Counts requests by key against one limit, in Redis where there is one and in memory otherwise. */
export class Limiter {
  private readonly counter: RateLimiterAbstract;

  constructor(
    private readonly policy: string,
    private readonly limit: Limit,
    redis: Redis | undefined,
  ) {
    const options = { keyPrefix: `limit:${policy}`, points: limit.points, duration: limit.seconds };
    const inMemory = (points: number) => new RateLimiterMemory({ ...options, points });
    this.counter =
      redis === undefined
        ? inMemory(limit.points)
        : new RateLimiterRedis({
            ...options,
            storeClient: redis,
            rejectIfRedisNotReady: true,
            insuranceLimiter: inMemory(Math.max(1, Math.floor(limit.points * INSURANCE_SHARE))),
          });
  }

  /**
   * Counts one request.
   *
   * @throws TooManyRequestsError where it is one too many
   */
  async consume(key: string): Promise<LimitState> {
    try {
      return this.state(await this.counter.consume(key));
    } catch (error) {
      if (error instanceof RateLimiterRes) throw new TooManyRequestsError(this.state(error));
      throw error;
    }
  }

  /** Gives back one request that was counted. */
  async refund(key: string): Promise<void> {
    await this.counter.reward(key);
  }

  /** Refuses everything for a while. */
  async block(key: string, seconds: number): Promise<void> {
    await this.counter.block(key, seconds);
  }

  /** Forgets what was counted. */
  async reset(key: string): Promise<void> {
    await this.counter.delete(key);
  }

  private state(result: RateLimiterRes): LimitState {
    return {
      policy: this.policy,
      quota: this.limit.points,
      windowSeconds: this.limit.seconds,
      consumed: result.consumedPoints,
      remaining: Math.max(0, result.remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
    };
  }
}
