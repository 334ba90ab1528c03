import { LRUCache } from 'lru-cache';

/** `null` is remembered too: "there is no such thing". */
export type Cached<Value> = Value | null;

/**
 * A small cache in front of a slower source, with one load at a time for a key. What was put in by hand while a load
 * was under way wins over what the load brings, since the load may have read before the change.
 */
export class ExpiringCache<Value extends object> {
  private readonly entries: LRUCache<string, { value: Cached<Value> }> | undefined;
  private readonly loads = new Map<string, Promise<Cached<Value>>>();

  /**
   * @param seconds lifetime of an entry; 0 remembers nothing
   * @param max entries at most; the least recently used goes first
   */
  constructor(seconds: number, max: number) {
    this.entries = seconds > 0 ? new LRUCache({ max, ttl: seconds * 1000 }) : undefined;
  }

  /** `undefined` where nothing is known. */
  get(key: string): Cached<Value> | undefined {
    return this.entries?.get(key)?.value;
  }

  set(key: string, value: Cached<Value>): void {
    this.entries?.set(key, { value });
  }

  /** Forgets what is known, and what a load under way is about to find. */
  forget(key: string): void {
    this.entries?.delete(key);
    this.loads.delete(key);
  }

  /** What is known, or else what `load` finds. Errors of `load` reach every waiting caller and are not remembered. */
  async getOrLoad(key: string, load: () => Promise<Cached<Value>>): Promise<Cached<Value>> {
    const known = this.get(key);
    if (known !== undefined) return known;
    // Without entries nothing tells a caller that a load under way began before a change, so each asks for itself.
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
