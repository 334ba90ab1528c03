import { createHash } from 'node:crypto';
import { TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { LimitConfig } from '../config/config.js';
import { type Counted, Limiter } from './limiter.js';
import type { KnownClients, SharedStore } from './stores/counts.js';
import { LocalKnownClients } from './stores/known-clients.js';

/** The first delay and the longest one, in seconds; each is twice the one before. */
const FIRST_DELAY = 30;
const LONGEST_DELAY = 900;
/** How long it is remembered how often an account was delayed, in seconds. */
const STRIKES_WINDOW = 24 * 60 * 60;
/** Of the hash that stands for a device. */
const DEVICE_KEY_LENGTH = 16;

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
  private readonly bySignIn: Limiter;
  private readonly byAddress: Limiter;
  private readonly byAccount: Limiter;
  private readonly known: KnownClients;

  /** @param store where all instances count together, if they do */
  constructor(limits: LimitConfig, store: SharedStore | undefined) {
    const failures = (policy: string, limit: LimitConfig['loginFailures']) =>
      new Limiter(policy, limit, store, STRIKES_WINDOW);
    this.known = store?.known ?? new LocalKnownClients();
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
    const known = await this.known.find([address, device]);
    const isKnown = known.has(address);
    const refusal = isKnown ? undefined : this.byAccount.refusalOf(account);
    // Else each of the many guesses at an account would be counted at its address and given back there.
    if (refusal) throw new TooManyRequestsError(refusal.state);
    const key = known.has(device) ? device : address;
    const counted: [Counted, ...Counted[]] = [await count(this.byAddress, key)];
    if (!isKnown) {
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
    await this.known.add([address, device]);
  }

  private attempt(
    account: string,
    guesser: Guesser,
    failures: Limiter,
    key: string,
    counted: readonly [own: Counted, ...others: Counted[]],
  ): LoginAttempt {
    return {
      succeeded: async () => {
        const [, ...others] = counted;
        // What is forgotten need not be given back.
        await Promise.all([giveBack(others), failures.reset(key), this.trust(account, guesser)]);
      },
      withdrawn: () => giveBack(counted),
    };
  }
}

/** What stands for an account at an address, and for a device there. */
function keysOf(account: string, { address, device }: Guesser): { address: string; device: string } {
  const pair = `${account}:${address}`;
  const hash = createHash('sha256').update(device).digest('hex').slice(0, DEVICE_KEY_LENGTH);
  return { address: pair, device: `${pair}:${hash}` };
}

async function giveBack(counted: readonly Counted[]): Promise<void> {
  await Promise.all(counted.map((one) => one.giveBack()));
}

async function count(failures: Limiter, key: string): Promise<Counted> {
  const counted = await failures.count(key);
  if (!counted.isRefused) return counted;
  // The first one too many sets the delay; the others find it.
  if (!counted.isFirstRefused) throw new TooManyRequestsError(counted.state);
  const resetSeconds = await counted.delay(delayOf);
  throw new TooManyRequestsError({ ...counted.state, resetSeconds });
}

function delayOf(strikes: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (strikes - 1));
}
