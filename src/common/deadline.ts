import { LoopBlocks } from './loop-blocks.js';

/** A timer that is late by more than this was kept from firing; what was waited for may be here already. Milliseconds. */
const LATE_MS = 20;

/** Something outside did not answer within the time there was for it. */
export class DeadlineError extends Error {
  /**
   * @param source what was asked, as in "No answer from the database"
   * @param grantedMs how long it had
   * @param blockedMs for how much of that this process could not have heard it
   */
  constructor(
    source: string,
    readonly grantedMs: number,
    readonly blockedMs = 0,
    options?: ErrorOptions,
  ) {
    super(`No answer from ${source} within ${Math.round(grantedMs)} ms`, options);
    this.name = 'DeadlineError';
  }

  /**
   * Whether this process is to blame, and nothing is said of what was asked: it gave far less time than there should be,
   * or did not listen for most of it.
   *
   * @param fullMs what a call should have
   */
  isOwnDoing(fullMs: number): boolean {
    return this.grantedMs < fullMs / 2 || this.blockedMs > this.grantedMs / 2;
  }
}

const loop = new LoopBlocks();

/**
 * Gives what `work` gives, or fails when the time is over.
 *
 * @param source what is asked, for the error
 * @param work gets a signal that is aborted at the deadline
 * @throws DeadlineError
 */
export async function withDeadline<T>(
  source: string,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  loop.begin();
  const [started, blockedBefore] = [performance.now(), loop.blockedMs];
  const blockedMs = () => loop.blockedMs - blockedBefore;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  // The SDK does not look at the signal while it pauses between two tries, hence the race.
  const deadline = new Promise<never>((_resolve, reject) => {
    const expire = () => {
      if (isOver) return;
      reject(new DeadlineError(source, milliseconds, blockedMs()));
      controller.abort();
    };
    timer = setTimeout(() => {
      const isLate = performance.now() - started - milliseconds > LATE_MS;
      // Timers come before what has arrived on connections: an answer that is there is taken.
      if (isLate) setImmediate(expire);
      else expire();
    }, milliseconds);
  });
  try {
    return await Promise.race([work(controller.signal), deadline]);
  } catch (error) {
    const passedMs = performance.now() - started;
    // Timers of the transport fire late as well.
    if (isTimeout(error) && blockedMs() > passedMs / 2) {
      throw new DeadlineError(source, passedMs, blockedMs(), { cause: error });
    }
    throw error;
  } finally {
    isOver = true;
    clearTimeout(timer);
    loop.end();
  }
}

/** Whether the transport gave up waiting, by the name that the SDK's handler gives to that. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
