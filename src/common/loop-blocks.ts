/** How often the event loop is looked at while somebody wants to know. Milliseconds. */
const TICK_MS = 50;

/**
 * Measures for how long the event loop of this process stood still, while somebody wants to know: what was not heard then
 * may have been said.
 */
export class LoopBlocks {
  private watchers = 0;
  private timer: NodeJS.Timeout | undefined;
  private passedMs = 0;
  private tickedAt = 0;

  /** Begins to measure; {@link end} is to be called as often. */
  begin(): void {
    if (this.watchers++ > 0) return;
    this.tickedAt = performance.now();
    this.timer = setInterval(() => {
      this.passedMs = this.blockedMs;
      this.tickedAt = performance.now();
    }, TICK_MS).unref();
  }

  /** Measures no more. */
  end(): void {
    if (--this.watchers > 0) return;
    this.passedMs = this.blockedMs;
    clearInterval(this.timer);
  }

  /** Milliseconds, from an arbitrary beginning; grows while somebody measures. */
  get blockedMs(): number {
    const sinceMs = performance.now() - this.tickedAt;
    return this.passedMs + (sinceMs > 2 * TICK_MS ? sinceMs : 0);
  }
}
