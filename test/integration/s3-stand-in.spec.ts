import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ObjectStorage, startObjectStorage } from '../../scripts/local-engines/index.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { testConfig } from '../support/test-tables.js';

const Bucket = 'audio';
const ORIGIN = { Origin: 'http://localhost:5173' };
const KEYS = [
  `a/${'n'.repeat(250)}`,
  'n'.repeat(1024),
  `${'ü'.repeat(200)}/${'%'.repeat(300)}/a`,
  `${'m'.repeat(200)}%+b`,
  'x//y',
  '/x',
  'x///y',
  '%/x',
  '%=x',
  'a/./b',
  'x/y',
  'x',
];

describe('the stand-in for S3', () => {
  let storage: ObjectStorage;
  let client: ReturnType<typeof createS3Client>;

  beforeAll(async () => {
    storage = await startObjectStorage({ bucket: Bucket });
    client = createS3Client(testConfig({ S3_ENDPOINT: storage.endpoint }));
  });

  afterAll(async () => {
    client.destroy();
    await storage.stop();
  });

  const putUrl = (Key: string) =>
    getSignedUrl(client, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
  const keys = async () =>
    ((await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);

  it('lists by prefix, whatever goes meanwhile', async () => {
    const others = Array.from({ length: 30 }, (_, n) => `folder-${n}/sub/a`);
    for (const key of ['kept/a', 'kept/b/c', 'kept', 'kep/a', ...others])
      await fetch(await putUrl(key), { method: 'PUT', body: key });
    const listed = async (Prefix: string) =>
      ((await client.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(
        ({ Key }) => Key,
      );
    expect(await listed('kept/')).toEqual(['kept/a', 'kept/b/c']);
    expect(await listed('kep')).toEqual(['kep/a', 'kept', 'kept/a', 'kept/b/c']);
    expect(await listed('kept/b/c/')).toEqual([]);
    const deletions = others.map((Key) => client.send(new DeleteObjectCommand({ Bucket, Key })));
    const lists = others.map(() => keys());
    await Promise.all([...deletions, ...lists]);
    expect(await keys()).toEqual(['kep/a', 'kept', 'kept/a', 'kept/b/c']);
    for (const Key of await keys()) await client.send(new DeleteObjectCommand({ Bucket, Key: Key }));
  });

  it('takes every key that S3 takes, gives it back, lists it and deletes it', async () => {
    for (const Key of KEYS) {
      // Not by `fetch` alone, which would resolve the steps of a path.
      if (Key.includes('/./'))
        await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Key) }));
      else
        expect([Key, (await fetch(await putUrl(Key), { method: 'PUT', body: Key })).status]).toEqual([
          Key,
          200,
        ]);
    }
    expect(await keys()).toEqual([...KEYS].sort());
    for (const Key of KEYS) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await Body?.transformToString()).toBe(Key);
    }
    const page = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'x/', Delimiter: '/', MaxKeys: 5 }),
    );
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['x/y']);
    expect(page.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['x//']);
    for (const Key of KEYS) await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await keys()).toEqual([]);
  });

  it('goes on whatever a client sends', async () => {
    for (const path of ['%', '%00', '../../x', `${'a/'.repeat(3000)}`, 'a._S3rver_object/b']) {
      for (const method of ['PUT', 'GET', 'DELETE', 'POST']) {
        await fetch(`${storage.endpoint}/${Bucket}/${path}`, { method }).catch(() => undefined);
      }
    }
    expect((await fetch(await putUrl('a'), { method: 'PUT', body: 'a' })).status).toBe(200);
  });

  it('answers the preflight of an upload, and lets a browser read a refusal', async () => {
    const url = await putUrl('a.wav');
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        ...ORIGIN,
        'Access-Control-Request-Method': 'PUT',
        'Access-Control-Request-Headers': 'content-type,if-none-match',
      },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toMatch(/\bPUT\b/);

    const refused = await fetch(url.replace('a.wav', 'b.wav'), { method: 'PUT', headers: ORIGIN, body: 'b' });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, '*']);
    const taken = await fetch(url, { method: 'PUT', headers: ORIGIN, body: 'a' });
    expect([taken.status, taken.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(taken.headers.get('access-control-expose-headers')).toMatch(/ETag.*Content-Range/);
  });
});
