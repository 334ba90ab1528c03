import { CopyObjectCommand, GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { type ListedObject, ObjectStore } from './object-store.js';
import { ForeignAnswerError } from './storage-errors.js';

/** The bucket as the commands of an operator use it. Errors are those of {@link ObjectStore}. */
export class OperatorStore extends ObjectStore {
  /** The text of a small object; `undefined` where there is none. */
  async read(key: string): Promise<string | undefined> {
    const Bucket = this.bucketName();
    return this.calls.run('GetObject', async (abortSignal) => {
      try {
        const { Body } = await this.client.send(new GetObjectCommand({ Bucket, Key: key }), { abortSignal });
        if (Body === undefined) throw new ForeignAnswerError();
        return await Body.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  /** Writes a small object of JSON, in place of what is there. */
  async write(key: string, json: string): Promise<void> {
    const input = { Bucket: this.bucketName(), Key: key, Body: json, ContentType: 'application/json' };
    await this.calls.run('PutObject', async (abortSignal) => {
      const { ETag } = await this.client.send(new PutObjectCommand(input), { abortSignal });
      if (ETag === undefined) throw new ForeignAnswerError();
    });
  }

  /**
   * Copies an object within the bucket, in place of what is there, with its metadata. S3 copies up to 5 GiB in one call,
   * which is also all that it takes in one upload.
   *
   * @returns whether it was copied: false where it is gone, or another one has taken its place
   */
  async copy({ key, etag }: ListedObject, to: string): Promise<boolean> {
    const Bucket = this.bucketName();
    const CopySource = `${Bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
    const input = { Bucket, Key: to, CopySource, ...(etag !== undefined && { CopySourceIfMatch: etag }) };
    return this.calls.run('CopyObject', async (abortSignal) => {
      try {
        const { CopyObjectResult } = await this.client.send(new CopyObjectCommand(input), { abortSignal });
        if (CopyObjectResult?.ETag === undefined) throw new ForeignAnswerError();
        return true;
      } catch (error) {
        const { name } = error as Error;
        if (name === 'NoSuchKey' || name === 'PreconditionFailed') return false;
        throw error;
      }
    });
  }
}
