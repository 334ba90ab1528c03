import { LRUCache } from 'lru-cache';
import { elapsedMs } from './clock.js';

/** `null` is cached too: the entry does not exist. */
export type Cached<Value> = Value | null;

/**
 * A small cache in front of a slower source, with one load at a time for a key. A value that is set during a load wins
 * over the result of the load, because the load may have read before the change.
 */
export class ExpiringCache<Value extends object> {
  private readonly entries: LRUCache<string, { value: Cached<Value> }> | undefined;
  private readonly loads = new Map<string, Promise<Cached<Value>>>();

  /**
   * @param seconds lifetime of an entry; 0 caches nothing
   * @param max maximum of entries; the least recently used one is removed first
   */
  constructor(seconds: number, max: number) {
    this.entries =
      seconds > 0 ? new LRUCache({ max, ttl: seconds * 1000, perf: { now: elapsedMs } }) : undefined;
  }

  /** `undefined` if there is no entry. */
  get(key: string): Cached<Value> | undefined {
    return this.entries?.get(key)?.value;
  }

  set(key: string, value: Cached<Value>): void {
    this.entries?.set(key, { value });
  }

  /** Removes the entry, and ignores the result of a load that is running. */
  forget(key: string): void {
    this.entries?.delete(key);
    this.loads.delete(key);
  }

  /** The entry, or the result of `load`. Errors of `load` reach every waiting caller and are not cached. */
  async getOrLoad(key: string, load: () => Promise<Cached<Value>>): Promise<Cached<Value>> {
    const known = this.get(key);
    if (known !== undefined) return known;
    // Without entries, a caller cannot know whether a running load began before a change. Each caller therefore loads
    // by itself.
    if (this.entries === undefined) return load();
    const running = this.loads.get(key);
    if (running) return running;
    const started: Promise<Cached<Value>> = load()
      .then((loaded) => {
        const meanwhile = this.get(key);
        if (meanwhile !== undefined) return meanwhile;
        if (this.loads.get(key) === started) this.set(key, loaded);
        return loaded;
      })
      .finally(() => {
        if (this.loads.get(key) === started) this.loads.delete(key);
      });
    this.loads.set(key, started);
    return started;
  }
}
