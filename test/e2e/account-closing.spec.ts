import { randomUUID } from 'node:crypto';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClosedAccountsService } from '../../src/account/closed-accounts.service.js';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { craftToken } from '../support/crafted-tokens.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { expectProblem } from '../support/problems.js';
import { s3Error, startStorageStub, type StorageStub } from '../support/storage-stub.js';
import { receiptOf } from '../support/receipts.js';
import { NO_ROWS, putAudioFile, rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { AUDIO, createUpload, openTestBucket, send, type TestBucket } from '../support/uploads.js';

const now = () => Math.floor(Date.now() / 1000);
const SOON = 19 * 60;
const DUE = 21 * 60;

let bucket: TestBucket;

beforeAll(() => {
  bucket = openTestBucket();
});

afterAll(() => bucket.close());

const remove = (app: TestApp, { authorization, password }: Account) =>
  app.http.delete('/api/user').set(authorization).send({ password });

const tombstoneOf = async ({ rows, config }: TestApp, userId: string) => {
  const Key = { user_id: `closed#${userId}` };
  return (await rows.send(new GetCommand({ TableName: config.tables.users, Key, ConsistentRead: true })))
    .Item;
};

describe('an account whose deletion has begun', () => {
  let stub: StorageStub;
  let app: TestApp;
  /** With caches of its own, in which the account was still open. */
  let other: TestApp;

  beforeAll(async () => {
    stub = await startStorageStub();
    app = await startTestApp({ S3_ENDPOINT: stub.endpoint, SESSION_CACHE_SECONDS: '3600' });
    other = await startTestApp({ S3_ENDPOINT: stub.endpoint, SESSION_CACHE_SECONDS: '3600' }, app);
  });

  afterAll(async () => {
    await other.close();
    await app.close();
    await stub.close();
  });

  it('takes nothing any more, on any instance, and can be signed in to, exported and deleted', async () => {
    const account = await registerAccount(app);
    const { file_id: fileId } = await createAudioFile(app, account);
    const pending = await createUpload(app, account);
    for (const { http } of [app, other]) await http.get('/api/user').set(account.authorization).expect(200);
    stub.behave(({ operation }) => (operation === 'ListObjectsV2' ? s3Error(503, 'SlowDown') : 'forward'));
    await remove(app, account).expect(503);
    stub.behave(() => 'forward');

    // A PUT by a URL from before cannot be kept from happening.
    expect(await send(pending.upload)).toBe(200);
    const before = await rowsOf(app, account.userId);
    const writes = [
      ['post', '/api/audio-file', { s3_key: 'a.wav' }],
      ['post', '/api/audio-file', { content_type: 'audio/wav', file_size: 4 }],
      ['post', '/api/user/audio-files/batch-create', { items: [{ s3_key: 'a.wav' }] }],
      ['post', `/api/audio-file/${pending.file_id}/complete`, undefined],
      ['patch', `/api/audio-file/${fileId}`, { title: 'Changed' }],
      ['get', `/api/presigned-url?key=audio_upload/${account.userId}/a.wav`, undefined],
    ] as const;
    const again = await signIn(app, account);
    for (const { http } of [app, other]) {
      for (const { authorization } of [account, again]) {
        for (const [method, path, body] of writes) {
          const answer = await http[method](path).set(authorization).send(body);
          const instance = path.split('?')[0] ?? '';
          expectProblem(answer, { status: 409, detail: 'The account is being deleted', instance });
        }
        await http.get('/api/user/audio-files').set(authorization).expect(200);
        await http.get('/api/user/export').set(authorization).expect(200);
      }
    }
    expect((await rowsOf(app, account.userId)).audioFiles).toEqual(before.audioFiles);

    // Nothing takes it back.
    const renewed = { current_password: account.password, new_password: 'staple battery horse' };
    await app.http.put('/api/user/password').set(again.authorization).send(renewed).expect(200);
    await app.http.post('/api/token/renew').set(again.authorization).expect(200);
    await app.http.post('/api/audio-file').set(again.authorization).send({ s3_key: 'a' }).expect(409);

    const { body } = await remove(other, { ...again, password: renewed.new_password }).expect(200);
    expect(body).toEqual(
      receiptOf(other, { objects: 1, audio_files: 2, sessions: expect.any(Number), users: 1 }),
    );
    expect(await rowsOf(app, account.userId)).toEqual(NO_ROWS);
    expect(await bucket.keysOf(account)).toEqual([]);
    await registerAccount(app, { email: account.email });
  });
});

describe('an account that was deleted', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const sweep = async (at: number) => app.app.get(ClosedAccountsService, { strict: false }).sweepDue(at);

  it('is swept when upload URLs from before have ended, of all that came later', async () => {
    const account = await registerAccount(app);
    const pending = await createUpload(app, account);
    await remove(app, account).expect(200);
    expect(await tombstoneOf(app, account.userId)).toEqual({
      user_id: `closed#${account.userId}`,
      closed_at: expect.any(Number),
    });
    expect(await send(pending.upload)).toBe(200);
    await bucket.put(`audio_upload/${account.userId}/late.wav`, AUDIO);
    await putAudioFile(app, {
      ...{ file_id: randomUUID(), user_id: account.userId, s3_key: pending.s3_key },
      ...{ uploaded_at: now(), uploaded_at_iso: '2025-09-25T01:06:21Z' },
    });

    await sweep(now() + SOON);
    expect(await bucket.keysOf(account)).toHaveLength(2);
    expect((await rowsOf(app, account.userId)).audioFiles).toHaveLength(1);

    await sweep(now() + DUE);
    expect(await bucket.keysOf(account)).toEqual([]);
    expect(await rowsOf(app, account.userId)).toEqual(NO_ROWS);
    expect(await tombstoneOf(app, account.userId)).toBeUndefined();
  });

  it('that was swept elsewhere is left alone', async () => {
    const account = await registerAccount(app);
    await remove(app, account).expect(200);
    await app.rows.send(
      new PutCommand({
        TableName: app.config.tables.users,
        Item: { user_id: `closed#${account.userId}`, closed_at: now() + DUE },
      }),
    );
    await bucket.put(`audio_upload/${account.userId}/late.wav`, AUDIO);
    await sweep(now() + DUE);
    expect(await bucket.keysOf(account)).toHaveLength(1);
    await bucket.delete(`audio_upload/${account.userId}/late.wav`);
  });

  it('leaves a row that is no user: a signed token of it is refused', async () => {
    const account = await registerAccount(app);
    await remove(app, account).expect(200);
    const id = `closed#${account.userId}`;
    const claims = { user_id: id, sub: id, iat: now(), exp: now() + 60 };
    const authorization = { Authorization: `Bearer ${craftToken(claims, app.config.secretKey)}` };
    await app.http.get('/api/user').set(authorization).expect(401);
    await app.http.post('/api/audio-file').set(authorization).send({ s3_key: 'a' }).expect(401);
  });
});

describe('an index that still names an account which is gone', () => {
  let stub: DatabaseStub;
  let app: TestApp;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  it('keeps nobody from registering with the email again, nor from logging in then', async () => {
    const gone = await registerAccount(app);
    await remove(app, gone).expect(200);
    const body = JSON.stringify({ Count: 1, ScannedCount: 1, Items: [{ user_id: { S: gone.userId } }] });
    const lagging = { status: 200, body, headers: { 'x-amzn-requestid': randomUUID() } };
    stub.behave(({ operation }) => (operation === 'Query' ? lagging : 'forward'));
    const { userId } = await registerAccount(app, gone);
    expect(userId).not.toBe(gone.userId);
    expect((await signIn(app, gone)).userId).toBe(userId);
    await app.http.post('/api/register').send({ email: gone.email, password: gone.password }).expect(409);
  });
});
