import { UnavailableError } from '../common/errors/domain-errors.js';
import { retryWhileUnavailable } from '../database/retry.js';
import type { ListedObject, StoredObject } from '../storage/object-store.js';
import type { OperatorStore } from '../storage/operator-store.js';

/** What S3 says to whoever it does not know, or not any more. */
const NO_ACCESS = new Set([
  ...['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired', 'InvalidAccessKeyId'],
  ...['SignatureDoesNotMatch', 'RequestTimeTooSkewed'],
]);

/** S3 did not do what was asked. The message says why, for people in front of a terminal. */
export class BucketError extends Error {
  /** Whether S3 refuses only what was asked for, and serves everything else all the same. */
  readonly isRefusal: boolean;

  constructor(bucket: string, cause: unknown) {
    super(wordsFor(bucket, cause), { cause });
    // A plain name: the message says everything.
    this.name = 'Error';
    this.isRefusal = isRefusal(cause) && !isMissingBucket(cause) && !NO_ACCESS.has(nameOf(cause));
  }
}

/**
 * The bucket, for a run that nobody waits for: single calls that S3 cannot serve now are repeated for half a minute.
 * Every method throws {@link BucketError}.
 */
export class Bucket {
  constructor(
    private readonly store: OperatorStore,
    private readonly name: string,
  ) {}

  /** All objects whose keys begin with `prefix`, in the order of their keys. Not repeated. */
  async *pages(prefix: string): AsyncGenerator<ListedObject[]> {
    try {
      yield* this.store.pages(prefix);
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Looks at the first objects, so that wrong settings show at once. */
  async assertReadable(prefix: string): Promise<void> {
    await this.pages(prefix).next();
  }

  /** What there is under this key. */
  async head(key: string): Promise<StoredObject | undefined> {
    return this.sendWithRetry(() => this.store.head(key));
  }

  /** The text of a small object; `undefined` where there is none. */
  async read(key: string): Promise<string | undefined> {
    return this.sendWithRetry(() => this.store.read(key));
  }

  /** Writes a small object of JSON. */
  async write(key: string, json: string): Promise<void> {
    await this.sendWithRetry(() => this.store.write(key, json));
  }

  /** Deletes an object; succeeds where there is none. */
  async delete(key: string): Promise<void> {
    await this.sendWithRetry(() => this.store.delete(key));
  }

  /** See {@link OperatorStore.copy}. */
  async copy(object: ListedObject, to: string): Promise<boolean> {
    return this.sendWithRetry(() => this.store.copy(object, to));
  }

  /**
   * Deletes objects; succeeds for those that are not there.
   *
   * @param keys all different
   * @returns keys of those that S3 refuses to delete, or cannot now
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

/** Whether S3 answered with a refusal, which it would repeat. */
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
