import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { BLOCKED, type Count, type Counts, type CountsOptions } from './counts.js';

/** The count of a blocked key: so far beyond every quota that what is given back meanwhile does not show. */
const BLOCKED_POINTS = 1_000_000_000;
const MAX_STRIKES = 1_000_000;

/** Options of a limiter of `rate-limiter-flexible`. */
export interface LibraryOptions {
  readonly keyPrefix: string;
  readonly points: number;
  readonly duration: number;
}

/** Counts in a store of `rate-limiter-flexible`: windows begin with the first request of a key. */
export class LibraryCounts implements Counts {
  private readonly requests: RateLimiterAbstract;
  private readonly strikes: RateLimiterAbstract | undefined;

  /** @param open gives a limiter of the library */
  constructor(
    { policy, limit, strikesSeconds }: CountsOptions,
    open: (options: LibraryOptions) => RateLimiterAbstract,
  ) {
    this.requests = open({ keyPrefix: `limit:${policy}`, points: limit.points, duration: limit.seconds });
    this.strikes =
      strikesSeconds === undefined
        ? undefined
        : open({ keyPrefix: `limit:${policy}-strikes`, points: MAX_STRIKES, duration: strikesSeconds });
  }

  async count(key: string): Promise<Count> {
    const { consumedPoints, msBeforeNext } = await consume(this.requests, key);
    return {
      consumed: consumedPoints > BLOCKED_POINTS / 2 ? BLOCKED : consumedPoints,
      msBeforeNext,
      giveBack: () => giveBack(this.requests, key),
    };
  }

  async delay(key: string, secondsOf: (strikes: number) => number): Promise<number> {
    const strikes = this.strikes ? (await consume(this.strikes, key)).consumedPoints : 1;
    const seconds = secondsOf(strikes);
    await this.requests.set(key, BLOCKED_POINTS, seconds);
    return seconds;
  }

  async forget(key: string): Promise<void> {
    await Promise.all([this.requests.delete(key), this.strikes?.delete(key)]);
  }
}

/** Counts in the memory of this process. */
export function memoryCounts(options: CountsOptions): Counts {
  return new LibraryCounts(options, (library) => new RateLimiterMemory(library));
}

async function consume(limiter: RateLimiterAbstract, key: string): Promise<RateLimiterRes> {
  return limiter.consume(key).catch((reason: unknown) => {
    if (reason instanceof RateLimiterRes) return reason;
    throw reason;
  });
}

async function giveBack(limiter: RateLimiterAbstract, key: string): Promise<void> {
  const { consumedPoints } = await limiter.reward(key);
  // The window is over, or the count was forgotten: nobody may have an attempt more than the quota for that.
  if (consumedPoints < 0) await limiter.penalty(key);
}
