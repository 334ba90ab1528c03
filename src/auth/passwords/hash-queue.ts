import { UnavailableError } from '../../common/errors/domain-errors.js';

/** Weight of the newest duration in the running mean. */
const SMOOTHING = 0.2;
/** What a piece of work is taken to last before the first one was measured; milliseconds. */
const FIRST_GUESS_MS = 50;

/**
 * A short line in front of work that occupies a core. As many pieces run at once as told; another one waits only
 * where its turn will come within `maxWaitMs`, judged by how long the last ones took, and is refused at once
 * otherwise. So a flood gets quick answers and the rest of the service its share of the machine.
 */
export class HashQueue {
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  /** Those who were let in and will join the line after other work. */
  private admitted = 0;
  private meanMs = FIRST_GUESS_MS;

  constructor(
    private readonly concurrency: number,
    private readonly maxWaitMs: number,
    /** Is told how long each piece waited; milliseconds. */
    private readonly onTurn: (waitedMs: number) => void = () => undefined,
  ) {}

  /** How many wait for their turn. */
  get depth(): number {
    return this.waiting.length;
  }

  /**
   * Does `work` when it is its turn.
   *
   * @throws UnavailableError when the line is too long
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
      // The place is handed over, not given up: nobody who comes later can step in between.
      if (next) next();
      else this.running--;
    }
  }

  /**
   * Does work that {@link run} comes after. There is no point in that where the line is too long, or will be once all who
   * were admitted have joined it.
   *
   * @throws UnavailableError as {@link run} would
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

  /** @throws UnavailableError where {@link admit} would refuse now */
  assertCapacity(): void {
    this.assertTurnBehind(this.admitted + this.running + this.waiting.length);
  }

  /** @param ahead how many are served first or are being served */
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
