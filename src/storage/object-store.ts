import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  NotFound,
  type S3Client,
} from '@aws-sdk/client-s3';
import { NotConfiguredError } from '../common/errors/domain-errors.js';
import { type BatchDeletion, deleteObjects, isBatchRefusal, isKeyRefusal } from './object-deletion.js';
import { Presigner, type SignedUrl, type SigningRequest } from './presigner.js';
import { StorageCalls, type StorageOptions } from './storage-calls.js';
import { ForeignAnswerError, KeptObjectsError } from './storage-errors.js';

const NO_CONTENT = 204;

/** An object in S3. */
export interface StoredObject {
  /** Bytes. */
  readonly size: number;
  /** With its quotation marks. */
  readonly etag: string;
  /** In hexadecimal; only if the upload contained it. */
  readonly sha256?: string;
}

/** An object in a listing. */
export interface ListedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Unix seconds. */
  readonly modifiedAt: number;
  /** With its quotation marks. */
  readonly etag?: string;
}

/** Optional settings. */
export interface ObjectStoreOptions extends StorageOptions {
  /** A client with the public endpoint of the store, for presigned URLs; the same client by default. */
  readonly signingClient?: S3Client;
}

/**
 * The bucket of the audio objects.
 *
 * Every method throws `NotConfiguredError` if there is no bucket, and `UnavailableError` if S3 is unavailable, refuses
 * the call, or does not answer within `budgetMs`.
 */
export class ObjectStore {
  private readonly presigner: Presigner | undefined;
  protected readonly calls: StorageCalls;

  /**
   * @param bucket absent if this deployment has none
   * @param budgetMs limit for one call
   * @param options see {@link StorageCalls}
   */
  constructor(
    protected readonly client: S3Client,
    private readonly bucket: string | undefined,
    budgetMs: number,
    options: ObjectStoreOptions = {},
  ) {
    this.calls = new StorageCalls(bucket, budgetMs, options);
    const { signingClient = client } = options;
    this.presigner = bucket === undefined ? undefined : new Presigner(signingClient, bucket);
  }

  /** Whether there is a bucket. */
  get isConfigured(): boolean {
    return this.bucket !== undefined;
  }

  /** @throws NotConfiguredError if there is no bucket */
  assertConfigured(): void {
    this.bucketName();
  }

  /** A presigned URL for one object. Makes no call to S3. */
  async sign(request: SigningRequest): Promise<SignedUrl> {
    this.assertConfigured();
    return this.calls.sign(() => (this.presigner as Presigner).sign(request));
  }

  /** The object with this key, if there is one. */
  async head(key: string): Promise<StoredObject | undefined> {
    const Bucket = this.bucketName();
    return this.calls.run('HeadObject', async (abortSignal) => {
      try {
        const head = new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' });
        const { ContentLength, ETag, ChecksumSHA256 } = await this.client.send(head, { abortSignal });
        if (ContentLength === undefined || ETag === undefined) throw new ForeignAnswerError();
        return {
          size: ContentLength,
          etag: ETag,
          ...(ChecksumSHA256 && { sha256: Buffer.from(ChecksumSHA256, 'base64').toString('hex') }),
        };
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
        // A missing bucket has the same response, and must not be taken for a missing object.
        await this.client.send(new HeadBucketCommand({ Bucket }), { abortSignal });
        return undefined;
      }
    });
  }

  /** Deletes an object. Succeeds if there is none. */
  async delete(key: string): Promise<void> {
    const Bucket = this.bucketName();
    await this.calls.run('DeleteObject', (abortSignal) => this.deleteObject(Bucket, key, abortSignal));
  }

  /**
   * Deletes objects. Succeeds for those that do not exist. Each call to S3 has its own deadline.
   *
   * @param keys all different
   * @returns keys that S3 refuses to delete, or cannot delete now
   * @throws UnavailableError if a call has no answer; some objects may be deleted then
   */
  async deleteMany(keys: readonly string[]): Promise<Set<string>> {
    return this.deleteEach(keys, new Set());
  }

  /**
   * Like {@link deleteMany}, without partial results.
   *
   * @throws UnavailableError also if some objects could not be deleted
   */
  async deleteAll(keys: readonly string[]): Promise<void> {
    const codes = new Set<string>();
    const { size } = await this.deleteEach(keys, codes);
    if (size > 0) throw this.calls.translated(new KeptObjectsError(size, codes), 'DeleteObjects');
  }

  /** All objects whose keys begin with `prefix`, in the order of their keys, up to 1,000 at a time. */
  async *pages(prefix: string): AsyncGenerator<ListedObject[]> {
    const Bucket = this.bucketName();
    let after: string | undefined;
    do {
      const input = {
        // XML cannot contain some keys.
        ...{ Bucket, Prefix: prefix, EncodingType: 'url' as const },
        ...(after !== undefined && { StartAfter: after }),
      };
      const { page, isTruncated } = await this.calls.run('ListObjectsV2', async (abortSignal) => {
        const listing = await this.client.send(new ListObjectsV2Command(input), { abortSignal });
        // Not a listing. If it were taken for an empty one, the audio of a deleted account would remain.
        if (listing.IsTruncated === undefined) throw new ForeignAnswerError();
        return { page: listedIn(listing), isTruncated: listing.IsTruncated };
      });
      yield page;
      // By key and not by continuation token, so that concurrent deletions do not affect the listing.
      after = isTruncated ? page.at(-1)?.key : undefined;
    } while (after !== undefined);
  }

  /** @param codes S3 error codes of refused keys are added to it */
  private async deleteEach(keys: readonly string[], codes: Set<string>): Promise<Set<string>> {
    const Bucket = this.bucketName();
    return deleteObjects(keys, {
      many: (batch) =>
        this.calls.run('DeleteObjects', (signal) => this.deleteBatch(Bucket, batch, codes, signal)),
      one: (key) =>
        this.calls.run('DeleteObject', async (signal) => {
          try {
            await this.deleteObject(Bucket, key, signal);
            return true;
          } catch (error) {
            if (!isKeyRefusal(error)) throw error;
            codes.add((error as Error).name);
            return false;
          }
        }),
    });
  }

  private async deleteObject(Bucket: string, Key: string, abortSignal: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket, Key });
    const { $metadata } = await this.client.send(command, { abortSignal });
    if ($metadata.httpStatusCode !== NO_CONTENT) throw new ForeignAnswerError();
  }

  private async deleteBatch(
    Bucket: string,
    keys: readonly string[],
    codes: Set<string>,
    abortSignal: AbortSignal,
  ): Promise<BatchDeletion | undefined> {
    // Not quiet: a key that is missing in the response was not deleted.
    const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: false };
    try {
      const command = new DeleteObjectsCommand({ Bucket, Delete });
      const { Deleted = [], Errors = [] } = await this.client.send(command, { abortSignal });
      if (Deleted.length + Errors.length === 0) throw new ForeignAnswerError();
      for (const { Code } of Errors) if (Code !== undefined) codes.add(Code);
      const namesOf = (objects: readonly { Key?: string | undefined }[]) =>
        new Set(objects.map(({ Key = '' }) => Key));
      return { gone: namesOf(Deleted), kept: namesOf(Errors) };
    } catch (error) {
      // A refusal is an answer and not an outage for the circuit breaker.
      if (isBatchRefusal(error)) return undefined;
      throw error;
    }
  }

  protected bucketName(): string {
    if (this.bucket === undefined) throw new NotConfiguredError('Audio storage is not set up on this server');
    return this.bucket;
  }
}

function listedIn({ Contents = [], EncodingType }: ListObjectsV2CommandOutput): ListedObject[] {
  return Contents.map(({ Key = '', Size = 0, LastModified, ETag }) => ({
    // A store that does not support the parameter does not return it.
    key: EncodingType === 'url' ? decoded(Key) : Key,
    size: Size,
    modifiedAt: Math.floor((LastModified?.getTime() ?? 0) / 1000),
    ...(ETag !== undefined && { etag: ETag }),
  }));
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    throw new ForeignAnswerError();
  }
}
