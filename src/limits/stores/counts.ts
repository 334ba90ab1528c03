import type { CircuitBreaker } from '../../common/circuit-breaker.js';
import type { Limit } from '../../config/config.js';

/** What is counted, and against what. */
export interface CountsOptions {
  readonly policy: string;
  readonly limit: Limit;
  /** For how long it is remembered how often a key was delayed, in seconds; absent where no key is delayed. */
  readonly strikesSeconds?: number | undefined;
}

/** What `consumed` is while a key is refused, however often it was counted. */
export const BLOCKED = Number.POSITIVE_INFINITY;

/** A request that was counted. */
export interface Count {
  /** Requests of the key in the window, this one included, or {@link BLOCKED}. */
  readonly consumed: number;
  /** Until the window or the delay is over, in milliseconds. */
  readonly msBeforeNext: number;
  /** Takes the request out of the count again; nothing where the count was forgotten meanwhile. */
  giveBack(): Promise<void>;
}

/** The counts of one policy in a store. Every method throws where the store cannot serve. */
export interface Counts {
  /** Counts one request. */
  count(key: string): Promise<Count>;
  /**
   * Counts a strike and refuses the key for a time; its count begins anew after that.
   *
   * @param secondsOf how long, by how many strikes there are now
   * @returns how long, in seconds
   */
  delay(key: string, secondsOf: (strikes: number) => number): Promise<number>;
  /** Forgets requests, delay and strikes of a key. */
  forget(key: string): Promise<void>;
  /** Tells without asking the store that a key is refused, where that is known. */
  refusalOf?(key: string): Count | undefined;
}

/** Addresses and devices that are the owner's. */
export interface KnownClients {
  /** Which of these keys are known; those that are not found because of an outage are not. */
  find(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Notes them. Where the store is away this process alone knows them. */
  add(keys: readonly string[]): Promise<void>;
}

/** Where all instances count together. */
export interface SharedStore {
  /** Whether there is a connection, without which nothing is asked. */
  readonly isConnected: boolean;
  /** Through which everything is asked. */
  readonly circuit: CircuitBreaker;
  readonly known: KnownClients;
  counts(options: CountsOptions): Counts;
}
