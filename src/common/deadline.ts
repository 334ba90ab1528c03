import { beginCall } from './calls-under-way.js';
import { LoopBlocks } from './loop-blocks.js';

/** If a timer is later than this, the event loop was blocked, and the answer may have arrived already. Milliseconds. */
const LATE_MS = 20;

/**
 * If the event loop was blocked for this share of a call, the call says nothing about the dependency. An outage on a
 * busy machine still counts as one.
 */
const DEAF_SHARE = 0.75;

/** A dependency did not answer in the given time. */
export class DeadlineError extends Error {
  /**
   * @param source the dependency, as in "No answer from the database"
   * @param grantedMs how long it had
   * @param blockedMs for how much of that the event loop of this process was blocked
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
   * Whether this process is the cause, so that the error says nothing about the dependency: the call had far less time
   * than it should have, or the event loop was blocked for most of it.
   *
   * @param fullMs time that a call should have
   */
  isOwnDoing(fullMs: number): boolean {
    return this.grantedMs < fullMs / 2 || this.blockedMs > this.grantedMs * DEAF_SHARE;
  }
}

const loop = new LoopBlocks();

/**
 * Returns the result of `work`, or fails at the deadline.
 *
 * @param source the dependency, for the error
 * @param work receives a signal that is aborted at the deadline
 * @throws DeadlineError
 */
export async function withDeadline<T>(
  source: string,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  loop.begin();
  const ended = beginCall();
  const [started, blockedBefore] = [performance.now(), loop.blockedMs];
  const blockedMs = () => loop.blockedMs - blockedBefore;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  // The SDK ignores the signal while it pauses between two attempts, so the call races with the deadline.
  const deadline = new Promise<never>((_resolve, reject) => {
    const expire = () => {
      if (isOver) return;
      reject(new DeadlineError(source, milliseconds, blockedMs()));
      controller.abort();
    };
    timer = setTimeout(() => {
      const isLate = performance.now() - started - milliseconds > LATE_MS;
      // Timers run before data that has arrived on connections. Wait for that data: the answer may be there.
      if (isLate) setImmediate(expire);
      else expire();
    }, milliseconds);
  });
  try {
    return await Promise.race([work(controller.signal), deadline]);
  } catch (error) {
    const passedMs = performance.now() - started;
    // Timers of the transport can be late too.
    if (isTimeout(error) && blockedMs() > passedMs * DEAF_SHARE) {
      throw new DeadlineError(source, passedMs, blockedMs(), { cause: error });
    }
    throw error;
  } finally {
    isOver = true;
    clearTimeout(timer);
    loop.end();
    ended();
  }
}

/** Whether the transport timed out, by the name that the SDK's handler uses. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
