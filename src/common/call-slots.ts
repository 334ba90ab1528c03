import { DeadlineError } from './deadline.js';

/**
 * As many calls at once as there are connections for them. Who waits for one here, in the order of coming, is known not to
 * have asked yet, so that what it waits for is not blamed.
 */
export class CallSlots {
  private readonly waiting = new Set<() => void>();
  private taken = 0;

  constructor(
    private readonly source: string,
    private readonly max: number,
  ) {}

  /**
   * Makes a call when it is its turn.
   *
   * @param milliseconds what waiting and call may take together
   * @param call is told what is left of that
   * @throws DeadlineError where its turn does not come in time
   */
  async run<T>(milliseconds: number, call: (milliseconds: number) => Promise<T>): Promise<T> {
    const asked = performance.now();
    if (this.taken < this.max) this.taken++;
    else await this.turn(milliseconds);
    try {
      return await call(Math.max(0, milliseconds - (performance.now() - asked)));
    } finally {
      const [next] = this.waiting;
      // The slot is handed over: nobody who comes later can step in between.
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
