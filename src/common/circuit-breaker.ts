/** A source is not asked, because it did not answer lately. */
export class CircuitOpenError extends Error {
  constructor(source: string) {
    super(`Not asked: ${source} did not answer lately`);
    this.name = 'CircuitOpenError';
  }
}

/** When to stop asking, and when to ask again. */
export interface CircuitOptions {
  /** What is asked, for errors and the log: `the database`. */
  readonly source: string;
  /** How long nobody asks; then one call at a time does, until one is answered. 0: always ask. Milliseconds. */
  readonly pauseMs: number;
  /** Whether an error means that there was no answer; `undefined` where it says nothing of the source. */
  readonly isFailure: (error: unknown) => boolean | undefined;
  /** Is told when asking stops and when it begins again, with the error that stopped it. */
  readonly onChange?: (open: boolean, cause?: unknown) => void;
}

/** Calls without an answer, one after the other with none between them that had one, before nobody asks any more. */
const FAILURES = 5;

/**
 * Spares callers the wait for what does not answer: after {@link FAILURES} failures in a row calls fail at once, but for
 * one now and then that finds out whether it is back.
 */
export class CircuitBreaker {
  private failures = 0;
  /** From when on somebody may find out; milliseconds of `performance.now()`. */
  private asksAgainAt = 0;
  private probing = false;

  constructor(private readonly options: CircuitOptions) {}

  /** Whether calls fail at once. */
  get isOpen(): boolean {
    return this.failures >= FAILURES;
  }

  /**
   * Makes a call.
   *
   * @throws CircuitOpenError where it is not made
   */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.options.pauseMs === 0) return call();
    const isProbe = this.isOpen;
    if (isProbe) {
      if (this.probing || performance.now() < this.asksAgainAt)
        throw new CircuitOpenError(this.options.source);
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
    this.asksAgainAt = performance.now() + this.options.pauseMs;
    if (this.failures === FAILURES) this.options.onChange?.(true, error);
  }
}
