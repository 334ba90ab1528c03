/** Something outside did not answer within the time there was for it. */
export class DeadlineError extends Error {
  /** @param source what was asked, as in "No answer from the database" */
  constructor(source: string, milliseconds: number) {
    super(`No answer from ${source} within ${Math.round(milliseconds)} ms`);
    this.name = 'DeadlineError';
  }
}

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
  let timer: NodeJS.Timeout | undefined;
  // The SDK does not look at the signal while it pauses between two tries, hence the race.
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(source, milliseconds));
      controller.abort();
    }, milliseconds);
  });
  try {
    return await Promise.race([work(controller.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
