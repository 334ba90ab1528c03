import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { LimitConfig } from '../config/config.js';
import { type Counted, Limiter } from './limiter.js';

/** The first delay and the longest one, in seconds; each is twice the one before. */
const FIRST_DELAY = 30;
const LONGEST_DELAY = 900;
/** How long it is remembered how often an account was delayed, in seconds. */
const STRIKES_WINDOW = 24 * 60 * 60;
/** How long an address, and a device there, counts as the owner's after a successful login, in seconds. */
const KNOWN_SECONDS = 30 * 24 * 60 * 60;
/** Addresses, and devices at them. */
const KNOWN_ENTRIES = 40_000;
/** Of the hash that stands for a device. */
const DEVICE_KEY_LENGTH = 16;

/** A counter of failures, and of how often it ran over, which makes the delays grow. */
interface Failures {
  readonly attempts: Limiter;
  readonly strikes: Limiter;
}

/** Who gives a password. */
export interface Guesser {
  /** What stands for the address. */
  readonly address: string;
  /** Readable name of the device. */
  readonly device: string;
  /** Names the sign-in of this very account that the request proves, also one that has ended; see `signInReference`. */
  readonly signIn?: string | undefined;
}

/** An attempt that was counted, for whoever made it to say how it ended; nothing is said of a wrong guess. */
export interface LoginAttempt {
  /** It was right: it is given back, and those before it that were counted together with it are forgotten. */
  succeeded(): Promise<void>;
  /** The password was not looked at: it is given back. */
  withdrawn(): Promise<void>;
}

/**
 * Slows down guessing: a stranger can delay strangers, not the owner. Attempts are counted before the password is looked
 * at, so that simultaneous ones count too, and given back when one succeeds.
 *
 * - Who proves a sign-in of the account, by a token, is counted by that sign-in and by nothing else.
 * - Everybody else is counted by account and address. A device from which a login succeeded at that address before has a
 *   counter of its own there; all others share one, however they call themselves.
 * - Against guesses from many addresses the account is counted too, but for addresses where a login succeeded before.
 *
 * Other addresses and other user agents give an attacker nothing: beyond the account's own counter there is one for each
 * address of the owner, one for each device of the owner behind it, and one for each token that was stolen.
 */
export class LoginThrottle {
  private readonly bySignIn: Failures;
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
    this.bySignIn = failures('login-failures-by-session', limits.loginFailuresByAddress);
    this.byAddress = failures('login-failures-by-address', limits.loginFailuresByAddress);
    this.byAccount = failures('login-failures', limits.loginFailures);
  }

  /**
   * Counts an attempt.
   *
   * @param account what stands for the account, known or not
   * @throws TooManyRequestsError where the attempt must not be made
   */
  async begin(account: string, guesser: Guesser): Promise<LoginAttempt> {
    if (guesser.signIn !== undefined) {
      const key = `${account}:${guesser.signIn}`;
      return this.attempt(account, guesser, this.bySignIn, key, [await count(this.bySignIn, key)]);
    }
    const { address, device } = keysOf(account, guesser);
    const known = await this.findKnown([address, device]);
    const key = known.has(device) ? device : address;
    const counted = [await count(this.byAddress, key)];
    if (!known.has(address)) {
      try {
        counted.push(await count(this.byAccount, account));
      } catch (error) {
        // Refused for what others did.
        await giveBack(counted);
        throw error;
      }
    }
    return this.attempt(account, guesser, this.byAddress, key, counted);
  }

  /** Counts an address, and the device there, as the owner's, as that of whoever makes the account. */
  async trust(account: string, guesser: Guesser): Promise<void> {
    const { address, device } = keysOf(account, guesser);
    await this.setKnown([address, device]);
  }

  private attempt(
    account: string,
    guesser: Guesser,
    { attempts, strikes }: Failures,
    key: string,
    counted: readonly Counted[],
  ): LoginAttempt {
    return {
      succeeded: async () => {
        await giveBack(counted);
        await Promise.all([attempts.reset(key), strikes.reset(key), this.trust(account, guesser)]);
      },
      withdrawn: () => giveBack(counted),
    };
  }

  /** Which of these keys are known. */
  private async findKnown(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set(keys.filter((key) => this.known.has(key)));
    if (known.size === keys.length || this.redis?.status !== 'ready') return known;
    try {
      const values = await this.redis.mget(keys.map(knownKey));
      keys.filter((_, i) => values[i] !== null).forEach((key) => known.add(key));
    } catch {
      // Away since: the tighter answer.
    }
    return known;
  }

  private async setKnown(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.known.set(key, true);
    const { redis } = this;
    if (redis?.status !== 'ready') return;
    await Promise.all(
      keys.map((key) => redis.set(knownKey(key), '1', 'EX', KNOWN_SECONDS).catch(() => undefined)),
    );
  }
}

/** What stands for an account at an address, and for a device there. */
function keysOf(account: string, { address, device }: Guesser): { address: string; device: string } {
  const pair = `${account}:${address}`;
  const hash = createHash('sha256').update(device).digest('hex').slice(0, DEVICE_KEY_LENGTH);
  return { address: pair, device: `${pair}:${hash}` };
}

/** With the account in braces, so that all keys of an account are on one node of a cluster. */
function knownKey(key: string): string {
  return `known:${key.replace(/^[^:]+/, '{$&}')}`;
}

async function giveBack(counted: readonly Counted[]): Promise<void> {
  await Promise.all(counted.map((one) => one.giveBack()));
}

async function count({ attempts, strikes }: Failures, key: string): Promise<Counted> {
  const counted = await attempts.count(key);
  if (!counted.isRefused) return counted;
  // The first one too many sets the delay; the others find it.
  if (!counted.isFirstRefused) throw new TooManyRequestsError(counted.state);
  const { consumed: strike } = (await strikes.count(key)).state;
  const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (strike - 1));
  await counted.block(delay);
  throw new TooManyRequestsError({ ...counted.state, resetSeconds: delay });
}
