import { DeadlineError } from './deadline.js';

/**
 * Limits concurrent calls to the number of connections. Calls wait in the order of arrival. A call that waits here has
 * not been sent, so the dependency is not blamed for the time.
 */
export class CallSlots {
  private readonly waiting = new Set<() => void>();
  private taken = 0;

  constructor(
    private readonly source: string,
    private readonly max: number,
  ) {}

  /**
   * Makes a call when a slot is free.
   *
   * @param milliseconds limit for waiting and call together
   * @param call receives the remaining time
   * @throws DeadlineError if no slot becomes free in time
   */
  async run<T>(milliseconds: number, call: (milliseconds: number) => Promise<T>): Promise<T> {
    const asked = performance.now();
    if (this.taken < this.max) this.taken++;
    else await this.turn(milliseconds);
    try {
      return await call(Math.max(0, milliseconds - (performance.now() - asked)));
    } finally {
      const [next] = this.waiting;
      // The slot is handed over, so that no later call can take it first.
      if (next) next();
      else this.taken--;
    }
  }

  private turn(milliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        this.waiting.delete(begin);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(begin);
        reject(new DeadlineError(this.source, milliseconds));
      }, milliseconds);
      this.waiting.add(begin);
    });
  }
}
