import { LRUCache } from 'lru-cache';
import { elapsedMs } from '../../common/clock.js';
import type { KnownClients } from './counts.js';

/** How long an address, and a device there, counts as the owner's after a successful login, in seconds. */
export const KNOWN_SECONDS = 30 * 24 * 60 * 60;
/** Addresses, and devices at them. */
export const KNOWN_ENTRIES = 40_000;

/** What this process alone knows. */
export class LocalKnownClients implements KnownClients {
  private readonly keys = new LRUCache<string, true>({
    max: KNOWN_ENTRIES,
    ttl: KNOWN_SECONDS * 1000,
    perf: { now: elapsedMs },
  });

  find(keys: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(keys.filter((key) => this.keys.has(key))));
  }

  add(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.keys.set(key, true);
    return Promise.resolve();
  }
}
