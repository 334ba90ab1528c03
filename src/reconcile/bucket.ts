import { UnavailableError } from '../common/errors/domain-errors.js';
import { retryWhileUnavailable } from '../database/retry.js';
import type { ListedObject, StoredObject } from '../storage/object-store.js';
import type { OperatorStore } from '../storage/operator-store.js';

/** Error codes of S3 for unknown or expired credentials. */
const NO_ACCESS = new Set([
  ...['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired', 'InvalidAccessKeyId'],
  ...['SignatureDoesNotMatch', 'RequestTimeTooSkewed'],
]);

/** A call to S3 failed. The message gives the reason, for a terminal. */
export class BucketError extends Error {
  /** Whether S3 refused only this call and serves others. */
  readonly isRefusal: boolean;

  constructor(bucket: string, cause: unknown) {
    super(wordsFor(bucket, cause), { cause });
    // A neutral name: the message is complete.
    this.name = 'Error';
    this.isRefusal = isRefusal(cause) && !isMissingBucket(cause) && !NO_ACCESS.has(nameOf(cause));
  }
}

/**
 * The bucket, for a command that no request waits for. Calls are retried for half a minute while S3 is unavailable.
 * Every method throws {@link BucketError}.
 */
export class Bucket {
  constructor(
    private readonly store: OperatorStore,
    private readonly name: string,
  ) {}

  /** All objects whose keys begin with `prefix`, in the order of their keys. Without retries. */
  async *pages(prefix: string): AsyncGenerator<ListedObject[]> {
    try {
      yield* this.store.pages(prefix);
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Lists the first objects, so that wrong settings are reported immediately. */
  async assertReadable(prefix: string): Promise<void> {
    await this.pages(prefix).next();
  }

  /** The object with this key, if there is one. */
  async head(key: string): Promise<StoredObject | undefined> {
    return this.sendWithRetry(() => this.store.head(key));
  }

  /** The text of a small object; `undefined` if there is none. */
  async read(key: string): Promise<string | undefined> {
    return this.sendWithRetry(() => this.store.read(key));
  }

  /** Writes a small JSON object. */
  async write(key: string, json: string): Promise<void> {
    await this.sendWithRetry(() => this.store.write(key, json));
  }

  /** Deletes an object. Succeeds if there is none. */
  async delete(key: string): Promise<void> {
    await this.sendWithRetry(() => this.store.delete(key));
  }

  /** See {@link OperatorStore.copy}. */
  async copy(object: ListedObject, to: string): Promise<boolean> {
    return this.sendWithRetry(() => this.store.copy(object, to));
  }

  /**
   * Deletes objects. Succeeds for those that do not exist.
   *
   * @param keys all different
   * @returns keys that S3 refuses to delete, or cannot delete now
   */
  async deleteMany(keys: readonly string[]): Promise<Set<string>> {
    return this.sendWithRetry(() => this.store.deleteMany(keys));
  }

  private async sendWithRetry<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await retryWhileUnavailable(async () => {
        try {
          return await call();
        } catch (error) {
          throw error instanceof UnavailableError && isRefusal(error.cause) ? this.explained(error) : error;
        }
      });
    } catch (error) {
      throw this.explained(error);
    }
  }

  private explained(error: unknown): unknown {
    return error instanceof UnavailableError ? new BucketError(this.name, error.cause) : error;
  }
}

/** Whether S3 refused the call. A retry would not help. */
function isRefusal(cause: unknown): boolean {
  const status = statusOf(cause);
  return status !== undefined && status >= 400 && status < 500 && status !== 429;
}

function isMissingBucket(cause: unknown): boolean {
  return nameOf(cause) === 'NoSuchBucket' || nameOf(cause) === 'NotFound';
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : '';
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

function wordsFor(bucket: string, cause: unknown): string {
  if (!(cause instanceof Error)) return `Bucket ${bucket} cannot be used now`;
  if (isMissingBucket(cause)) return `Bucket ${bucket} does not exist`;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return [`Bucket ${bucket} cannot be used now`, code, cause.message].filter(Boolean).join(': ');
}
