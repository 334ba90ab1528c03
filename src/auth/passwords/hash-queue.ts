import { UnavailableError } from '../../common/errors/domain-errors.js';

/** Weight of the newest duration in the moving average. */
const SMOOTHING = 0.2;
/** Estimated duration before the first measurement; milliseconds. */
const FIRST_GUESS_MS = 50;

/**
 * A short queue for CPU-bound work with limited concurrency. More work waits only if its turn will come within
 * `maxWaitMs`, estimated from recent durations, and is refused immediately otherwise. A flood therefore gets quick
 * responses, and the rest of the service keeps its share of the CPU.
 */
export class HashQueue {
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  /** Admitted requests that will join the queue after other work. */
  private admitted = 0;
  private meanMs = FIRST_GUESS_MS;

  constructor(
    private readonly concurrency: number,
    private readonly maxWaitMs: number,
    /** Called with the waiting time of each piece of work; milliseconds. */
    private readonly onTurn: (waitedMs: number) => void = () => undefined,
  ) {}

  /** Number of waiting pieces of work. */
  get depth(): number {
    return this.waiting.length;
  }

  /**
   * Runs `work` when it is its turn.
   *
   * @throws UnavailableError if the queue is too long
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const asked = performance.now();
    await this.turn();
    const started = performance.now();
    this.onTurn(started - asked);
    try {
      return await work();
    } finally {
      this.meanMs += SMOOTHING * (performance.now() - started - this.meanMs);
      const next = this.waiting.shift();
      // The slot is handed over, so that no later caller can take it first.
      if (next) next();
      else this.running--;
    }
  }

  /**
   * Runs work that is followed by {@link run}. Refuses it if the queue is too long, or will be when all admitted
   * requests have joined it.
   *
   * @throws UnavailableError like {@link run}
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    this.assertCapacity();
    this.admitted++;
    try {
      return await work();
    } finally {
      this.admitted--;
    }
  }

  /** @throws UnavailableError if {@link admit} would refuse now */
  assertCapacity(): void {
    this.assertTurnBehind(this.admitted + this.running + this.waiting.length);
  }

  /** @param ahead number of requests that are served before or are being served */
  private assertTurnBehind(ahead: number): void {
    if (ahead < this.concurrency) return;
    const waitMs = ((ahead - this.concurrency + 1) * this.meanMs) / this.concurrency;
    if (waitMs > this.maxWaitMs) {
      throw new UnavailableError('Too many sign-ins at the moment', Math.max(1, Math.ceil(waitMs / 1000)));
    }
  }

  private turn(): Promise<void> | void {
    if (this.running < this.concurrency) {
      this.running++;
      return;
    }
    this.assertTurnBehind(this.running + this.waiting.length);
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
