import { type LimitState, TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { Limit } from '../config/config.js';
import { BLOCKED, type Count, type Counts, type SharedStore } from './stores/counts.js';
import { memoryCounts } from './stores/library-counts.js';

/** What of the quota one instance grants while the store where all of them count together is away. */
const INSURANCE_SHARE = 0.5;

/** The most corrections that are kept for the store while it is away, and so many are sent at once when it is back. */
const MAX_OWED = 1000;
const OWED_AT_ONCE = 20;

/** Counts, and how many requests they grant. */
interface Counter {
  readonly counts: Counts;
  readonly quota: number;
}

/** A request that was counted. */
export interface Counted {
  /** How the counter that took it stands. */
  readonly state: LimitState;
  /** Whether it is one too many for that counter. */
  readonly isRefused: boolean;
  /** Whether it is the first one too many, so that nobody has delayed the key yet. */
  readonly isFirstRefused: boolean;
  /** Gives it back to the counter that took it. */
  giveBack(): Promise<void>;
  /**
   * Lets the counter that took it refuse everything of this key for a time.
   *
   * @param secondsOf how long, by how often that happened to the key
   * @returns how long, in seconds
   */
  delay(secondsOf: (strikes: number) => number): Promise<number>;
}

/** Counts requests by key against one limit, in the shared store where there is one and in memory otherwise. */
export class Limiter {
  /** Where all instances count together. */
  private readonly shared: Counter | undefined;
  /** Where this instance counts for itself: at a smaller quota where the shared counter is only away. */
  private readonly own: Counter;
  /** Corrections that the store could not take. Without them an outage would cost somebody attempts. */
  private readonly owed: (() => Promise<boolean>)[] = [];

  /** @param strikesSeconds for how long it is remembered how often a key was delayed */
  constructor(
    private readonly policy: string,
    private readonly limit: Limit,
    private readonly store: SharedStore | undefined,
    strikesSeconds?: number,
  ) {
    const options = { policy, limit, strikesSeconds };
    const ownQuota = store ? Math.max(1, Math.floor(limit.points * INSURANCE_SHARE)) : limit.points;
    const own = memoryCounts({ ...options, limit: { ...limit, points: ownQuota } });
    this.own = { counts: own, quota: ownQuota };
    this.shared = store && { counts: store.counts(options), quota: limit.points };
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
    if (!shared || !this.store?.isConnected) return this.take(this.own, key);
    const refusal = this.refusalOf(key);
    if (refusal) return refusal;
    if (this.owed.length > 0) await this.settle();
    try {
      return await this.asked(shared, () => this.take(shared, key));
    } catch {
      // The store is away, or has no capacity for this key; who asks it logs that.
      return this.take(this.own, key);
    }
  }

  /** What a request would be told, where this process knows without asking that it would be refused. */
  refusalOf(key: string): Counted | undefined {
    const count = this.shared?.counts.refusalOf?.(key);
    return this.shared && count && this.counted(this.shared, key, count);
  }

  /** Forgets what was counted, delays and strikes among it. */
  async reset(key: string): Promise<void> {
    await this.own.counts.forget(key);
    if (this.shared) await this.correct(this.shared, () => this.shared?.counts.forget(key));
  }

  private async take(counter: Counter, key: string): Promise<Counted> {
    return this.counted(counter, key, await counter.counts.count(key));
  }

  private counted(counter: Counter, key: string, count: Count): Counted {
    const { quota } = counter;
    const consumed = count.consumed === BLOCKED ? quota + 1 : count.consumed;
    return {
      state: {
        policy: this.policy,
        quota,
        windowSeconds: this.limit.seconds,
        consumed,
        remaining: Math.max(0, quota - consumed),
        resetSeconds: Math.max(1, Math.ceil(count.msBeforeNext / 1000)),
      },
      isRefused: consumed > quota,
      isFirstRefused: count.consumed === quota + 1,
      giveBack: async () => void (await this.correct(counter, () => count.giveBack())),
      delay: (secondsOf) =>
        this.asked(counter, () => counter.counts.delay(key, secondsOf)).catch(() =>
          // The store is away by now: what was counted there is refused until the end of the window at least.
          this.own.counts.delay(key, secondsOf),
        ),
    };
  }

  /** Through the circuit where it is the store that is asked; at once an error where there is no connection to it. */
  private async asked<T>(counter: Counter, call: () => Promise<T>): Promise<T> {
    if (counter !== this.shared || !this.store) return call();
    if (!this.store.isConnected) throw new Error('There is no connection to the store of limits');
    return this.store.circuit.run(call);
  }

  /**
   * Changes a count; later where the store cannot be told now.
   *
   * @returns whether it was told
   */
  private async correct(counter: Counter, change: () => Promise<unknown> | undefined): Promise<boolean> {
    try {
      await this.asked(counter, async () => change());
      return true;
    } catch {
      if (this.owed.length < MAX_OWED) this.owed.push(() => this.correct(counter, change));
      return false;
    }
  }

  /** Until one of them fails: a store that takes no writes is not sent all of them again and again. */
  private async settle(): Promise<void> {
    while (this.owed.length > 0 && this.store?.isConnected && !this.store.circuit.isOpen) {
      const told = await Promise.all(this.owed.splice(0, OWED_AT_ONCE).map((correction) => correction()));
      if (told.includes(false)) return;
    }
  }
}
