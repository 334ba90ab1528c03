/** How much longer than the slowest check a failure takes; what varies by less does not show. */
const MARGIN = 1.2;
/** After this the memory of a slow check has faded by half; milliseconds. */
const HALF_LIFE_MS = 600_000;
/** No failure is held back longer; milliseconds. */
const LONGEST_MS = 1000;

/**
 * Makes failed logins take the same time whatever was checked. Hashes of the older backend cost several times as much
 * as the one that stands in for an unknown email, and without this the clock would tell which emails have an account.
 * A failure is answered when the slowest check of late would have been done; the wait costs no CPU and no place in the
 * queue.
 */
export class FailurePace {
  private slowestMs = 0;
  private updatedAt = performance.now();

  /** Takes note of how long a check took, in milliseconds. */
  note(durationMs: number): void {
    const now = performance.now();
    const faded = this.slowestMs * 0.5 ** ((now - this.updatedAt) / HALF_LIFE_MS);
    this.slowestMs = Math.max(faded, durationMs);
    this.updatedAt = now;
  }

  /** Ends when a failure whose check took `durationMs` may be told. */
  async hold(durationMs: number): Promise<void> {
    const pace = Math.min(LONGEST_MS, this.slowestMs * MARGIN);
    if (pace > durationMs) await new Promise((resolve) => setTimeout(resolve, pace - durationMs));
  }
}
