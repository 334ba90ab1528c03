/** How often the event loop is checked while a measurement runs. Milliseconds. */
const TICK_MS = 50;

/**
 * Measures for how long the event loop of this process was blocked, while at least one caller measures. Data that
 * arrived during a block was not read in time.
 */
export class LoopBlocks {
  private watchers = 0;
  private timer: NodeJS.Timeout | undefined;
  private passedMs = 0;
  private tickedAt = 0;

  /** Starts a measurement. Call {@link end} once for each call. */
  begin(): void {
    if (this.watchers++ > 0) return;
    this.tickedAt = performance.now();
    this.timer = setInterval(() => {
      this.passedMs = this.blockedMs;
      this.tickedAt = performance.now();
    }, TICK_MS).unref();
  }

  /** Ends a measurement. */
  end(): void {
    if (--this.watchers > 0) return;
    this.passedMs = this.blockedMs;
    clearInterval(this.timer);
  }

  /** Milliseconds since an arbitrary start. It grows while a measurement runs. */
  get blockedMs(): number {
    const sinceMs = performance.now() - this.tickedAt;
    return this.passedMs + (sinceMs > 2 * TICK_MS ? sinceMs : 0);
  }
}
