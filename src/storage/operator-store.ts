import { CopyObjectCommand, GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import { type ListedObject, ObjectStore } from './object-store.js';
import { ForeignAnswerError } from './storage-errors.js';

/** The bucket for operator commands. Errors are those of {@link ObjectStore}. */
export class OperatorStore extends ObjectStore {
  /** The text of a small object; `undefined` if there is none. */
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

  /** Writes a small JSON object and replaces an existing one. */
  async write(key: string, json: string): Promise<void> {
    const input = { Bucket: this.bucketName(), Key: key, Body: json, ContentType: 'application/json' };
    await this.calls.run('PutObject', async (abortSignal) => {
      const { ETag } = await this.client.send(new PutObjectCommand(input), { abortSignal });
      if (ETag === undefined) throw new ForeignAnswerError();
    });
  }

  /**
   * Copies an object with its metadata within the bucket and replaces an existing one. S3 copies up to 5 GiB in one
   * call, which is also the maximum of one upload.
   *
   * @returns whether it was copied: false if the object no longer exists or was replaced
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
