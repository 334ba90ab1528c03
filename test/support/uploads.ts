import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createS3Client } from '../../src/storage/s3-client.js';
import type { Account } from './accounts.js';
import { objectStorage } from './engine.js';
import type { TestApp } from './test-app.js';
import { testConfig } from './test-tables.js';

/** The bucket of the tests, to read and write objects directly. */
export interface TestBucket {
  put(key: string, body: Buffer | string): Promise<void>;
  /** The object, or `undefined`. */
  get(key: string): Promise<Buffer | undefined>;
  delete(key: string): Promise<void>;
  /** Keys of all objects below the folder of a user. */
  keysOf(account: Pick<Account, 'userId'>): Promise<string[]>;
  close(): void;
}

export function openTestBucket(Bucket = objectStorage().bucket): TestBucket {
  const client = createS3Client(testConfig());
  return {
    async put(Key, body) {
      const Body = Buffer.from(body as string);
      // Without it the SDK treats an empty body as a stream.
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: Body.length }));
    },
    async get(Key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
        return Body && Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    delete: async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket, Key }))),
    async keysOf({ userId }) {
      const prefix = { Bucket, Prefix: `audio_upload/${userId}/`, EncodingType: 'url' as const };
      const { Contents = [] } = await client.send(new ListObjectsV2Command(prefix));
      return Contents.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' ')));
    },
    close: () => client.destroy(),
  };
}

/** How to send the audio of a record, as returned by the service. */
export interface Upload {
  url: string;
  method: string;
  headers: Record<string, string>;
  expires_at: string;
}

/** A pending record, as returned by the service. */
export type PendingRecord = Record<string, unknown> & { file_id: string; s3_key: string; upload: Upload };

/** The default content of the tests' uploads: four bytes. */
export const AUDIO = 'beep';

/** Starts an upload over HTTP and returns the response body. */
export async function createUpload(
  { http }: Pick<TestApp, 'http'>,
  { authorization }: Pick<Account, 'authorization'>,
  overrides: Record<string, unknown> = {},
): Promise<PendingRecord> {
  const fields = { content_type: 'audio/wav', file_size: AUDIO.length, ...overrides };
  const { body } = await http.post('/api/audio-file').set(authorization).send(fields).expect(201);
  return body as PendingRecord;
}

/** The record without the upload, as in later responses. */
export function recordOf({ upload: _, ...record }: PendingRecord): Omit<PendingRecord, 'upload'> {
  return record;
}

/** Sends audio to S3 exactly as the service says, except for the overrides, and returns the status. */
export async function send(
  { url, method, headers }: Upload,
  body: Buffer | string = AUDIO,
  changes: { url?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<number> {
  const request = { method, headers, ...changes };
  const { status } = await fetch(changes.url ?? url, { ...request, body });
  return status;
}
