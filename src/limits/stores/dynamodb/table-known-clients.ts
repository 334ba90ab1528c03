import { LRUCache } from 'lru-cache';
import type { CircuitBreaker } from '../../../common/circuit-breaker.js';
import type { KnownClients } from '../counts.js';
import { KNOWN_ENTRIES, KNOWN_SECONDS } from '../known-clients.js';
import type { LimitsTable } from './limits-table.js';

/** A row with less time left is written anew; another one is left alone. In seconds. */
const RENEWED_BELOW = KNOWN_SECONDS / 2;

/** Addresses and devices of owners, a row for each, with a cache in front. */
export class TableKnownClients implements KnownClients {
  /** Until when the row is there by key, in Unix seconds; 0 where the table could not be told. */
  private readonly local = new LRUCache<string, number>({ max: KNOWN_ENTRIES });

  constructor(
    private readonly table: LimitsTable,
    private readonly circuit: CircuitBreaker,
    private readonly subject: (key: string) => string,
  ) {}

  /** At most one call, 0.5 R for each key that this process does not know. */
  async find(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const missing = keys.filter((key) => !this.local.has(key));
    if (missing.length > 0) await this.read(missing);
    return new Set(keys.filter((key) => this.local.has(key)));
  }

  /** 1 W for each key that the table does not have, or not for long any more. */
  async add(keys: readonly string[]): Promise<void> {
    // Whoever proved a sign-in was not looked up before.
    await this.find(keys);
    const now = Date.now() / 1000;
    const lacking = keys.filter((key) => (this.local.get(key) ?? 0) - now < RENEWED_BELOW);
    await Promise.all(lacking.map((key) => this.write(key, Math.ceil(now) + KNOWN_SECONDS)));
  }

  private async read(keys: readonly string[]): Promise<void> {
    try {
      const expiries = await this.circuit.run(() => this.table.expiries(keys.map((key) => this.rowOf(key))));
      for (const key of keys) this.keep(key, expiries.get(this.rowOf(key)) ?? 0);
    } catch {
      // Away: the tighter answer.
    }
  }

  private async write(key: string, expiresAt: number): Promise<void> {
    this.local.set(key, 0, { ttl: KNOWN_SECONDS * 1000 });
    try {
      await this.circuit.run(() => this.table.put(this.rowOf(key), expiresAt));
      this.keep(key, expiresAt);
    } catch {
      // Away: this process alone knows it, and tells the table at the next success.
    }
  }

  /** DynamoDB deletes rows some time after they expire. */
  private keep(key: string, expiresAt: number): void {
    const ttl = Math.floor(expiresAt * 1000 - Date.now());
    if (ttl > 0) this.local.set(key, expiresAt, { ttl });
  }

  private rowOf(key: string): string {
    return `known:${this.subject(key)}`;
  }
}
