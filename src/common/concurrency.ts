/** Lets so much work be under way simultaneously; the rest waits for its turn, first come first served. */
export class Semaphore {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Does the work when it is its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running === this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      // The place goes over to the next one, or is free.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}

/**
 * Does the work on each item, on so many at a time. Begins no more of it after a failure.
 *
 * @throws the first failure, once what was under way has ended
 */
export async function forEachAtMost<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const failures: unknown[] = [];
  const worker = async () => {
    // One iterator for all: each takes the next item that is left.
    for (const item of rest) {
      if (failures.length > 0) return;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}

/**
 * What each gives, once all have ended: after a failure too, nothing goes on behind the caller's back.
 *
 * @throws the first failure
 */
export async function allEnded<T>(works: readonly PromiseLike<T>[]): Promise<T[]> {
  const ended = await Promise.allSettled(works);
  return ended.map((work) => {
    if (work.status === 'rejected') throw work.reason;
    return work.value;
  });
}
