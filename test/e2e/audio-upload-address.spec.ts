import { PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createS3Client } from '../../src/storage/s3-client.js';
import { type Account, registerAccount } from '../support/accounts.js';
import {
  createUpload,
  openTestBucket,
  type PendingRecord,
  send,
  type TestBucket,
} from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the address of an upload', () => {
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let record: PendingRecord;

  beforeAll(async () => {
    app = await startTestApp();
    bucket = openTestBucket();
    ada = await registerAccount(app);
    record = await createUpload(app, ada);
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
  });

  /** The address with one of its parameters changed. */
  function withParameter(name: string, change: (value: string) => string): string {
    const url = new URL(record.upload.url);
    const value = url.searchParams.get(name) ?? '';
    expect(change(value)).not.toBe(value);
    url.searchParams.set(name, change(value));
    return url.href;
  }

  const type = { 'Content-Type': 'audio/wav', 'If-None-Match': '*' };

  it.each([
    ['a longer body', 'beeep', { headers: type }],
    ['a shorter body', 'bee', { headers: type }],
    ['an empty body', '', { headers: type }],
    ['another type', 'beep', { headers: { ...type, 'Content-Type': 'text/html' } }],
    ['a type with a parameter more', 'beep', { headers: { ...type, 'Content-Type': 'audio/wav;a=b' } }],
    ['the type of fetch itself', 'beep', { headers: { 'If-None-Match': '*' } }],
    ['the method POST', 'beep', { method: 'POST', headers: type }],
  ])('refuses %s', async (_what, body, changes) => {
    expect(await send(record.upload, body, changes)).toBe(403);
    expect(await bucket.get(record.s3_key)).toBeUndefined();
  });

  it.each(['GET', 'HEAD', 'DELETE'])('refuses the method %s', async (method) => {
    await bucket.put(record.s3_key, 'there');
    expect((await fetch(record.upload.url, { method })).status).toBe(403);
    expect(String(await bucket.get(record.s3_key))).toBe('there');
    await bucket.delete(record.s3_key);
  });

  it.each([
    ['another record', () => `${record.s3_key.slice(0, -5)}x.wav`],
    ['another user', () => 'audio_upload/00000000-0000-4000-8000-000000000000/a.wav'],
    ['the bucket root', () => 'a.wav'],
  ])('refuses the key of %s', async (_whose, keyOf) => {
    const key = keyOf();
    const url = record.upload.url.replace(record.s3_key, key);
    expect(url).not.toBe(record.upload.url);
    expect(await send(record.upload, 'beep', { url })).toBe(403);
    expect(await bucket.get(key)).toBeUndefined();
  });

  it.each([
    ['signature', 'X-Amz-Signature', (value: string) => value.replace(/.$/, (c) => (c === '0' ? '1' : '0'))],
    ['time', 'X-Amz-Expires', () => '604800'],
    ['date', 'X-Amz-Date', () => '20990101T000000Z'],
    ['list of signed headers', 'X-Amz-SignedHeaders', () => 'host'],
    ['access key', 'X-Amz-Credential', (value: string) => value.replace('local', 'nobody')],
    ['region', 'X-Amz-Credential', (value: string) => value.replace('us-east-1', 'eu-west-1')],
  ])('refuses another %s', async (_what, name, change) => {
    expect(await send(record.upload, 'beep', { url: withParameter(name, change) })).toBe(403);
    expect(await bucket.get(record.s3_key)).toBeUndefined();
  });

  it('refuses a parameter more', async () => {
    const url = `${record.upload.url}&x-amz-acl=public-read`;
    expect(await send(record.upload, 'beep', { url })).toBe(403);
    expect(await bucket.get(record.s3_key)).toBeUndefined();
  });

  it('is refused once its 15 minutes are over', async () => {
    const client = createS3Client(app.config);
    const signedAt = async (ago: number) =>
      getSignedUrl(client, new PutObjectCommand({ Bucket: app.config.storage.bucket, Key: record.s3_key }), {
        expiresIn: 900,
        signingDate: new Date(Date.now() - ago * 1000),
      });
    const put = async (url: string) => fetch(url, { method: 'PUT', body: 'beep' });
    const late = await put(await signedAt(901));
    expect(late.status).toBe(403);
    expect(await late.text()).toContain('Request has expired');
    expect(await bucket.get(record.s3_key)).toBeUndefined();
    expect((await put(await signedAt(800))).status).toBe(200);
    await bucket.delete(record.s3_key);
    client.destroy();
  });

  it('takes exactly what was announced, once, of however many at once, and nothing after it is complete', async () => {
    const words = Array.from({ length: 20 }, (_, n) => `be${String(n).padStart(2, '0')}`);
    const answers = await Promise.all(words.map((word) => send(record.upload, word)));
    expect([...answers].sort()).toEqual([200, ...Array<number>(19).fill(412)]);
    const stored = words[answers.indexOf(200)];
    expect(String(await bucket.get(record.s3_key))).toBe(stored);
    const path = `/api/audio-file/${record.file_id}/complete`;
    await app.http.post(path).set(ada.authorization).expect(200);
    expect(await send(record.upload, 'boop')).toBe(412);
    expect(String(await bucket.get(record.s3_key))).toBe(stored);
  });

  it('says of what is there 412, as S3 words it', async () => {
    const { upload } = await createUpload(app, ada);
    await send(upload);
    const answer = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: 'beep' });
    expect([answer.status, await answer.text()]).toEqual([
      412,
      expect.stringContaining('PreconditionFailed'),
    ]);
  });

  it('cannot do without the header that was signed', async () => {
    const { upload, s3_key: key } = await createUpload(app, ada);
    const headers = { 'Content-Type': 'audio/wav' };
    expect(await send(upload, 'beep', { headers })).toBe(403);
    expect(await bucket.get(key)).toBeUndefined();
  });

  it('has no such header for a store that does not know it', async () => {
    const older = await startTestApp({ S3_CONDITIONAL_WRITES: 'off' }, app);
    const { upload, s3_key: key } = await createUpload(older, ada);
    await older.close();
    expect(upload.headers).toEqual({ 'Content-Type': 'audio/wav', 'Content-Length': '4' });
    expect(await send(upload)).toBe(200);
    expect(await send(upload, 'boop')).toBe(200);
    expect(String(await bucket.get(key))).toBe('boop');
  });
});
