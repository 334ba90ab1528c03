import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { LimitConfig } from '../config/config.js';
import { Limiter } from './limiter.js';

/** The first delay and the longest one, in seconds; each is twice the one before. */
const FIRST_DELAY = 30;
const LONGEST_DELAY = 900;
/** How long it is remembered how often an account was delayed, in seconds. */
const STRIKES_WINDOW = 24 * 60 * 60;
/** How long an address counts as its owner's after a successful login, in seconds. */
const KNOWN_SECONDS = 30 * 24 * 60 * 60;
const KNOWN_ENTRIES = 20_000;

/** A counter of failures, and of how often it ran over, which makes the delays grow. */
interface Failures {
  readonly attempts: Limiter;
  readonly strikes: Limiter;
}

/** An attempt that was counted, for whoever made it to say how it ended; nothing is said of a wrong guess. */
export interface LoginAttempt {
  /** It was right: it is given back, and those before it from this address are forgotten. */
  succeeded(): Promise<void>;
  /** The password was not looked at: it is given back. */
  withdrawn(): Promise<void>;
}

/**
 * Slows down guessing. Attempts are counted before the password is looked at, so that simultaneous ones count too, and
 * given back when one succeeds: by account and address, and by account alone against guesses from many addresses. The
 * second counter does not apply to an address from which a login of the account succeeded before: a stranger can delay
 * strangers, not the owner.
 */
export class LoginThrottle {
  private readonly byAddress: Failures;
  private readonly byAccount: Failures;
  private readonly known = new LRUCache<string, true>({ max: KNOWN_ENTRIES, ttl: KNOWN_SECONDS * 1000 });

  constructor(
    limits: LimitConfig,
    private readonly redis: Redis | undefined,
  ) {
    const failures = (policy: string, limit: LimitConfig['loginFailures']): Failures => ({
      attempts: new Limiter(policy, limit, redis),
      strikes: new Limiter(`${policy}-strikes`, { points: 1_000_000, seconds: STRIKES_WINDOW }, redis),
    });
    this.byAddress = failures('login-failures-by-address', limits.loginFailuresByAddress);
    this.byAccount = failures('login-failures', limits.loginFailures);
  }

  /**
   * Counts an attempt.
   *
   * @param account what stands for the account, known or not
   * @param client what stands for the address
   * @throws TooManyRequestsError where the attempt must not be made
   */
  async begin(account: string, client: string): Promise<LoginAttempt> {
    const pair = `${account}:${client}`;
    await count(this.byAddress, pair);
    const known = await this.isKnown(pair);
    if (!known) await count(this.byAccount, account);
    const giveBackToAccount = known ? undefined : () => this.byAccount.attempts.refund(account);
    return {
      succeeded: async () => {
        await Promise.all([
          this.byAddress.attempts.reset(pair),
          this.byAddress.strikes.reset(pair),
          giveBackToAccount?.(),
          this.setKnown(pair),
        ]);
      },
      withdrawn: async () => {
        await Promise.all([this.byAddress.attempts.refund(pair), giveBackToAccount?.()]);
      },
    };
  }

  /** Counts an address as the owner's, as that of whoever makes the account. */
  async trust(account: string, client: string): Promise<void> {
    await this.setKnown(`${account}:${client}`);
  }

  private async isKnown(pair: string): Promise<boolean> {
    if (this.known.has(pair)) return true;
    if (this.redis?.status !== 'ready') return false;
    try {
      return (await this.redis.exists(`known:${pair}`)) === 1;
    } catch {
      // Away since: the tighter answer.
      return false;
    }
  }

  private async setKnown(pair: string): Promise<void> {
    this.known.set(pair, true);
    if (this.redis?.status !== 'ready') return;
    await this.redis.set(`known:${pair}`, '1', 'EX', KNOWN_SECONDS).catch(() => undefined);
  }
}

async function count({ attempts, strikes }: Failures, key: string): Promise<void> {
  try {
    await attempts.consume(key);
  } catch (error) {
    if (!(error instanceof TooManyRequestsError)) throw error;
    const { quota, consumed } = error.limit;
    // The first one too many sets the delay; the others find it.
    if (consumed !== quota + 1) throw error;
    const { consumed: strike } = await strikes.consume(key);
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (strike - 1));
    await attempts.block(key, delay);
    throw new TooManyRequestsError({ ...error.limit, resetSeconds: delay });
  }
}
