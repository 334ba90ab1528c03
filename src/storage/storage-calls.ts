import { MAX_CONNECTIONS } from '../common/aws-client.js';
import { type CallSite, noteCall } from '../common/call-context.js';
import { CallSlots } from '../common/call-slots.js';
import { CircuitBreaker, type CircuitOptions } from '../common/circuit-breaker.js';
import { withDeadline } from '../common/deadline.js';
import { meansNoAnswer } from '../common/transport-failures.js';
import type { StorageCallMetrics } from '../metrics/metrics.js';
import { ForeignAnswerError, translateStorageError } from './storage-errors.js';

/** Optional settings. */
export interface StorageOptions extends Partial<Pick<CircuitOptions, 'pauseMs' | 'onChange'>> {
  /** For the log. */
  readonly site?: CallSite;
  readonly observe?: ((call: StorageCallMetrics) => void) | undefined;
}

/** Makes every call to S3, with a deadline and with translated errors that contain the call. */
export class StorageCalls {
  private readonly breaker: CircuitBreaker;
  private readonly slots = new CallSlots('the object store', MAX_CONNECTIONS);

  /**
   * @param bucket for the log
   * @param budgetMs limit for one call
   * @param options see {@link CircuitBreaker}. Without a pause the circuit never opens
   */
  constructor(
    private readonly bucket: string | undefined,
    private readonly budgetMs: number,
    private readonly options: StorageOptions,
  ) {
    const { pauseMs = 0, onChange } = options;
    this.breaker = new CircuitBreaker({
      source: 'the object store',
      pauseMs,
      isFailure: (error) => error instanceof ForeignAnswerError || meansNoAnswer(error, budgetMs),
      ...(onChange && { onChange }),
    });
  }

  /**
   * Makes a call.
   *
   * @param operation its name in the API of S3
   * @throws UnavailableError
   */
  async run<T>(operation: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const started = performance.now();
    const ended = (outcome: StorageCallMetrics['outcome']) =>
      this.options.observe?.({ operation, outcome, durationMs: performance.now() - started });
    try {
      const result = await this.slots.run(this.budgetMs, (left) =>
        this.breaker.run(() =>
          // Before the circuit breaker, which logs the error that opened it.
          this.noting(operation, () => withDeadline('the object store', left, work)),
        ),
      );
      ended('ok');
      return result;
    } catch (error) {
      ended('failed');
      throw this.translated(error, operation);
    }
  }

  /**
   * Signs a URL, which makes no call to S3 but may wait for credentials.
   *
   * @throws UnavailableError
   */
  async sign<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await withDeadline('the object store', this.budgetMs, work);
    } catch (error) {
      throw this.translated(error, 'Presign');
    }
  }

  /** The error that callers get for an error of this operation. */
  translated(error: unknown, operation: string): unknown {
    this.note(error, operation);
    return translateStorageError(error);
  }

  private async noting<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.note(error, operation);
      throw error;
    }
  }

  private note(error: unknown, operation: string): void {
    const bucket = this.bucket === undefined ? {} : { bucket: this.bucket };
    noteCall(error, { service: 'S3', operation, ...bucket, ...this.options.site });
  }
}
