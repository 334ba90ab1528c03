/** How much longer than the slowest check a failure takes; what varies by less does not show. */
const MARGIN = 1.2;
/** After this the memory of a slow check has faded by half; milliseconds. */
const HALF_LIFE_MS = 600_000;
/**
 * One check that took longer than so many estimates (a machine that was suspended) does not hold up all failures after
 * it. Relative, so that the checks of a slow machine stay below it.
 */
const LONGEST = 8;
/** No failure is held for longer: a machine on which a check takes so long is not usable. Milliseconds. */
const MAX_PADDED_MS = 5_000;
/** So long the speed of the machine is taken for what it was: it may have been measured in a busy moment. Milliseconds. */
const MEASURED_FOR_MS = 60_000;

/**
 * Makes failed logins take the same time whatever was checked. Hashes of the older backend cost several times as much
 * as the one that stands in for an unknown email, and without this the clock would tell which emails have an account.
 * A failure is answered when the slowest check of late would have been done, and no sooner than the costliest hash there
 * may be would have been checked by an estimate: also after a start, and after hours in which only cheap ones were. The
 * wait costs no CPU and no place in the queue.
 */
export class FailurePadding {
  private calibration: Promise<void> | undefined;
  private measuredAt: number | undefined;
  private msPerUnit = 0;
  private slowestMs = 0;
  private updatedAt = performance.now();

  /** @param largestWork of the hashes there may be; memory in KiB × passes */
  constructor(private largestWork: number) {}

  /**
   * Finds out how fast this machine is, where that was not done within the last minute: whoever comes meanwhile waits for
   * the same run.
   *
   * @param measure how long a unit of work (1 KiB, one pass) takes; milliseconds
   * @throws what `measure` throws, as long as the speed is unknown; afterwards the earlier one holds
   */
  async calibrate(measure: () => Promise<number>): Promise<void> {
    if (this.measuredAt !== undefined && performance.now() - this.measuredAt < MEASURED_FOR_MS) return;
    this.calibration ??= this.measured(measure);
    await this.calibration;
  }

  private async measured(measure: () => Promise<number>): Promise<void> {
    try {
      this.msPerUnit = await measure();
      this.measuredAt = performance.now();
    } catch (error) {
      if (this.measuredAt === undefined) throw error;
    } finally {
      this.calibration = undefined;
    }
  }

  /**
   * Takes note of how long a check took.
   *
   * @param durationMs milliseconds
   * @param work of the hash that was checked
   */
  note(durationMs: number, work: number): void {
    const now = performance.now();
    const faded = this.slowestMs * 0.5 ** ((now - this.updatedAt) / HALF_LIFE_MS);
    this.slowestMs = Math.max(faded, durationMs);
    this.updatedAt = now;
    this.largestWork = Math.max(this.largestWork, work);
  }

  /** Ends when a failure whose check took `durationMs` may be told. */
  async pad(durationMs: number): Promise<void> {
    const estimateMs = this.msPerUnit * this.largestWork;
    const likelyMs = Math.max(estimateMs, Math.min(this.slowestMs, LONGEST * estimateMs));
    const paddedMs = Math.min(MAX_PADDED_MS, MARGIN * likelyMs);
    if (paddedMs > durationMs) await new Promise((resolve) => setTimeout(resolve, paddedMs - durationMs));
  }
}
