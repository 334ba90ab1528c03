import { LRUCache } from 'lru-cache';

/** Keys. The least recently used one makes room; its next request is counted in the table again. */
const MAX_REFUSALS = 20_000;

/**
 * Keys that are refused until a time, as far as this process knows. What is refused from here costs no write, so that a
 * counter that everybody hits costs a bounded sum.
 */
export class Refusals {
  private readonly untilMs = new LRUCache<string, number>({ max: MAX_REFUSALS });

  /** How long a key is refused from now on, in milliseconds; `undefined` where it is not known to be. */
  msLeft(id: string): number | undefined {
    const until = this.untilMs.get(id);
    if (until === undefined) return undefined;
    const left = until - Date.now();
    if (left > 0) return left;
    this.untilMs.delete(id);
    return undefined;
  }

  /** @param untilMs Unix time in milliseconds */
  add(id: string, untilMs: number): void {
    this.untilMs.set(id, untilMs);
  }

  forget(id: string): void {
    this.untilMs.delete(id);
  }
}
