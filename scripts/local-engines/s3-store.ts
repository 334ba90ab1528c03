import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, mkdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import S3Error from 's3rver/lib/models/error.js';
import S3Object from 's3rver/lib/models/object.js';
import type { FilesystemStore, NewObject } from 's3rver';
import { mendNames } from './s3-names.js';

const CHECKSUM = 'x-amz-checksum-sha256';

/** Where uploads are written until they are complete: not a valid bucket name. */
const UPLOADS = '.uploads';

/**
 * Makes PUT behave like S3: the object appears completely or not at all, `If-None-Match: *` is checked when the body
 * has arrived (of concurrent uploads the first to finish wins), and an announced SHA-256 is compared and stored.
 */
export function mendStore(store: FilesystemStore): void {
  S3Object.ALLOWED_METADATA.push(CHECKSUM);
  mendNames(store);
  // One change at a time, and no read during a change: object, checksum and metadata are separate files.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const getMetadata = store.getMetadata.bind(store);
  store.getMetadata = (bucket, key) => inTurn(() => getMetadata(bucket, key));
  // A copy first removes the existing target: if its source was deleted by then, both would be lost.
  const whole = Object.create(store, { getMetadata: { value: getMetadata } }) as FilesystemStore;
  const copyObject = store.copyObject.bind(whole);
  store.copyObject = (...names) => inTurn(() => copyObject(...names));
  const deleteObject = store.deleteObject.bind(store);
  store.deleteObject = (bucket, key) => inTurn(() => deleteObject(bucket, key));

  const putWhole = store.putObject.bind(store);
  store.putObject = async (object) => {
    // Multipart and form uploads, which the service does not use.
    if (!isRequest(object.content)) return putWhole(object);
    const { headers } = object.content;
    const upload = join(store.rootDirectory, UPLOADS, randomUUID());
    try {
      const { size, md5, sha256 } = await receive(object.content, upload);
      if (headers[CHECKSUM] !== undefined && headers[CHECKSUM] !== sha256) {
        throw new S3Error('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
      }
      await inTurn(() => place(store, object, upload, md5, headers['if-none-match'] === '*'));
      return { size, md5 };
    } finally {
      await rm(upload, { force: true });
    }
  };
}

async function receive(
  request: IncomingMessage,
  path: string,
): Promise<{ size: number; md5: string; sha256: string }> {
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      md5.update(chunk);
      sha256.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await mkdir(dirname(path), { recursive: true });
  await pipeline(request, measure, createWriteStream(path));
  return { size, md5: md5.digest('hex'), sha256: sha256.digest('base64') };
}

async function place(
  store: FilesystemStore,
  { bucket, key, metadata }: NewObject,
  upload: string,
  md5: string,
  onlyNew: boolean,
): Promise<void> {
  const path = store.getResourcePath(bucket, key, 'object');
  await mkdir(dirname(path), { recursive: true });
  try {
    // `link` replaces no file, `rename` does.
    await (onlyNew ? link(upload, path) : rename(upload, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      Condition: 'If-None-Match',
    });
  }
  await store.putMetadata(bucket, key, metadata, md5);
}

function isRequest(content: unknown): content is IncomingMessage {
  return typeof content === 'object' && content !== null && 'headers' in content;
}
