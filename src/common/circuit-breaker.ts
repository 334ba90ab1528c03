import { elapsedMs } from './clock.js';

/** A source is not asked, because it did not answer lately. */
export class CircuitOpenError extends Error {
  constructor(source: string) {
    super(`Not asked: ${source} did not answer lately`);
    this.name = 'CircuitOpenError';
  }
}

/** When the circuit opens and closes. */
export interface CircuitOptions {
  /** The dependency, for errors and the log: `the database`. */
  readonly source: string;
  /**
   * How long no calls are made. After that, one call at a time is made until one is answered. 0: the circuit never
   * opens. Milliseconds.
   */
  readonly pauseMs: number;
  /** Whether an error means that there was no answer; `undefined` if it says nothing about the dependency. */
  readonly isFailure: (error: unknown) => boolean | undefined;
  /** Called when the circuit opens or closes, with the error that opened it. */
  readonly onChange?: (open: boolean, cause?: unknown) => void;
}

/** Consecutive calls without an answer that open the circuit. */
const FAILURES = 5;

/**
 * Saves callers the wait for a dependency that does not answer. After {@link FAILURES} consecutive failures, calls fail
 * immediately, except for one now and then that checks whether the dependency is back.
 */
export class CircuitBreaker {
  private failures = 0;
  /** From when on somebody may find out; milliseconds of `elapsedMs`. */
  private asksAgainAt = 0;
  private probing = false;

  constructor(private readonly options: CircuitOptions) {}

  /** Whether calls fail immediately. */
  get isOpen(): boolean {
    return this.failures >= FAILURES;
  }

  /**
   * Makes a call.
   *
   * @throws CircuitOpenError if the circuit is open
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.options.pauseMs === 0) return call();
    const isProbe = this.isOpen;
    if (isProbe) {
      if (this.probing || elapsedMs() < this.asksAgainAt) throw new CircuitOpenError(this.options.source);
      this.probing = true;
    }
    try {
      const answer = await call();
      this.answered();
      return answer;
    } catch (error) {
      const isFailure = this.options.isFailure(error);
      if (isFailure === true) this.failed(error);
      if (isFailure === false) this.answered();
      throw error;
    } finally {
      if (isProbe) this.probing = false;
    }
  }

  private answered(): void {
    const wasOpen = this.isOpen;
    this.failures = 0;
    if (wasOpen) this.options.onChange?.(false);
  }

  private failed(error: unknown): void {
    this.failures++;
    if (!this.isOpen) return;
    this.asksAgainAt = elapsedMs() + this.options.pauseMs;
    if (this.failures === FAILURES) this.options.onChange?.(true, error);
  }
}
