import { elapsedMs } from '../../common/clock.js';

/** How much longer than the slowest check a failure takes; what varies by less does not show. */
const MARGIN = 1.2;
/** Half-life of the memory of a slow check; milliseconds. */
const HALF_LIFE_MS = 600_000;
/**
 * Maximum of a check in multiples of the estimate: one outlier (a machine that was suspended) must not delay all later
 * failures. Relative, so that the checks of a slow machine stay below it.
 */
const LONGEST = 8;
/** No failure is delayed for longer: a machine on which a check takes so long is unusable. Milliseconds. */
const MAX_PADDED_MS = 5_000;
/**
 * How long a measured speed of the machine is used: the machine may have been busy when it was measured. Milliseconds.
 */
const MEASURED_FOR_MS = 60_000;

/**
 * Makes all failed logins take the same time. Hashes of the older backend cost several times as much as the decoy hash
 * for an unknown email, and the response time would reveal which emails have an account. A failure is reported when the
 * slowest recent check would have ended, and not before the most expensive possible hash would have been checked
 * according to an estimate. This holds after a start, and after hours with cheap hashes only. The delay costs no CPU
 * and no slot of the queue.
 */
export class FailurePadding {
  private calibration: Promise<void> | undefined;
  private measuredAt: number | undefined;
  private msPerUnit = 0;
  private slowestMs = 0;
  private updatedAt = elapsedMs();

  /** @param largestWork of the possible hashes; memory in KiB × passes */
  constructor(private largestWork: number) {}

  /**
   * Measures the speed of this machine, unless this was done within the last minute. Concurrent callers wait for the
   * same measurement.
   *
   * @param measure returns how long a unit of work (1 KiB, one pass) takes; milliseconds
   * @throws what `measure` throws, as long as the speed is unknown. After that the previous speed is used
   */
  async calibrate(measure: () => Promise<number>): Promise<void> {
    if (this.measuredAt !== undefined && elapsedMs() - this.measuredAt < MEASURED_FOR_MS) return;
    this.calibration ??= this.measured(measure);
    await this.calibration;
  }

  private async measured(measure: () => Promise<number>): Promise<void> {
    try {
      this.msPerUnit = await measure();
      this.measuredAt = elapsedMs();
    } catch (error) {
      if (this.measuredAt === undefined) throw error;
    } finally {
      this.calibration = undefined;
    }
  }

  /**
   * Records how long a check took.
   *
   * @param durationMs milliseconds
   * @param work of the checked hash
   */
  note(durationMs: number, work: number): void {
    const now = elapsedMs();
    const faded = this.slowestMs * 0.5 ** ((now - this.updatedAt) / HALF_LIFE_MS);
    this.slowestMs = Math.max(faded, durationMs);
    this.updatedAt = now;
    this.largestWork = Math.max(this.largestWork, work);
  }

  /** Resolves when a failure whose check took `durationMs` may be reported. */
  async pad(durationMs: number): Promise<void> {
    const estimateMs = this.msPerUnit * this.largestWork;
    const likelyMs = Math.max(estimateMs, Math.min(this.slowestMs, LONGEST * estimateMs));
    const paddedMs = Math.min(MAX_PADDED_MS, MARGIN * likelyMs);
    if (paddedMs > durationMs) await new Promise((resolve) => setTimeout(resolve, paddedMs - durationMs));
  }
}
