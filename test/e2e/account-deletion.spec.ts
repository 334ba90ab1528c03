import { randomUUID } from 'node:crypto';
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createS3Client } from '../../src/storage/s3-client.js';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { objectStorage } from '../support/engine.js';
import { OLDER_PASSWORD, olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { receiptOf } from '../support/receipts.js';
import { NO_ROWS, everyRow, putRows, rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user';

describe('DELETE /api/user', () => {
  let app: TestApp;
  let bucket: S3Client;

  beforeAll(async () => {
    app = await startTestApp();
    bucket = createS3Client(app.config);
  });

  afterAll(async () => {
    bucket.destroy();
    await app.close();
  });

  const remove = (authorization: { Authorization: string }, body?: object) =>
    app.http.delete(PATH).set(authorization).send(body);

  async function expectSignedOut({ authorization }: Pick<Account, 'authorization'>): Promise<void> {
    const answer = await app.http.get(PATH).set(authorization);
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }

  it('removes account, claim, records and sessions, and answers how many of each', async () => {
    const account = await registerAccount(app);
    const others = [await signIn(app, account), await signIn(app, account)];
    for (let i = 0; i < 3; i++) await createAudioFile(app, account);
    const before = await rowsOf(app, account.userId);
    expect([before.users, before.audioFiles, before.sessions].map((rows) => rows.length)).toEqual([2, 3, 3]);

    const { body } = await remove(account.authorization, { password: account.password }).expect(200);

    expect(body).toEqual(receiptOf(app, { objects: 0, audio_files: 3, sessions: 3, users: 1 }));
    expect(await rowsOf(app, account.userId)).toEqual(NO_ROWS);
    expect((await everyRow(app)).filter((row) => row.includes(account.email))).toEqual([]);
    for (const ended of [account, ...others]) await expectSignedOut(ended);
    const login = await app.http
      .post('/api/login')
      .send({ email: account.email, password: account.password });
    expectProblem(login, { status: 401, detail: 'Invalid email or password', instance: '/api/login' });
  });

  it('removes every audio object of the account, the one without a record too, and none of anybody else', async () => {
    const [account, stranger] = [await registerAccount(app), await registerAccount(app)];
    const kept = [await uploadWithRecord(stranger), await uploadWithoutRecord(stranger, 'tuesday.m4a')];
    const own = [
      await uploadWithRecord(account),
      await uploadWithRecord(account),
      await uploadWithoutRecord(account, 'a folder/früh 1+1=2 & more.m4a'),
    ];
    expect(await objectsOf(account)).toEqual([...own].sort());

    const { body } = await remove(account.authorization, { password: account.password }).expect(200);

    expect(body).toEqual(receiptOf(app, { objects: 3, audio_files: 2, sessions: 1, users: 1 }));
    expect(await objectsOf(account)).toEqual([]);
    expect(await rowsOf(app, account.userId)).toEqual(NO_ROWS);
    expect(await objectsOf(stranger)).toEqual([...kept].sort());
    expect((await rowsOf(app, stranger.userId)).audioFiles).toHaveLength(1);
  });

  it('frees the email at once, for an account that has nothing of the one before', async () => {
    const account = await registerAccount(app);
    await createAudioFile(app, account);
    await remove(account.authorization, { password: account.password }).expect(200);

    const again = await registerAccount(app, { email: account.email });

    expect(again.userId).not.toBe(account.userId);
    await expectSignedOut(account);
    const files = await app.http.get('/api/user/audio-files').set(again.authorization).expect(200);
    expect(files.body).toEqual([]);
    const sessions = await app.http.get('/api/user/sessions').set(again.authorization).expect(200);
    expect(sessions.body).toHaveLength(1);
  });

  it('removes 120 records and 60 sessions, which are several pages, and nothing of anybody else', async () => {
    const stranger = await registerAccount(app);
    await createAudioFile(app, stranger);
    const strangers = await rowsOf(app, stranger.userId);
    const account = await registerAccount(app);
    await putRecords(account.userId, 120);
    await putSessions(account.userId, 60);

    const { body } = await remove(account.authorization, { password: account.password }).expect(200);

    expect(body).toEqual(receiptOf(app, { objects: 0, audio_files: 120, sessions: 61, users: 1 }));
    expect(await rowsOf(app, account.userId)).toEqual(NO_ROWS);
    expect(await rowsOf(app, stranger.userId)).toEqual(strangers);
    await app.http.get(PATH).set(stranger.authorization).expect(200);
  });

  it('removes an account of the older backend, which has no claim, with a token of that backend', async () => {
    const older = await putOlderUser(app);
    await putRecords(older.user_id, 1);
    const authorization = olderToken(app, older.user_id);

    const { body } = await remove(authorization, { password: OLDER_PASSWORD }).expect(200);

    expect(body).toEqual(receiptOf(app, { objects: 0, audio_files: 1, sessions: 0, users: 1 }));
    expect(await rowsOf(app, older.user_id)).toEqual(NO_ROWS);
    await expectSignedOut({ authorization });
    await registerAccount(app, { email: older.email });
  });

  it('leaves the claim to another account with the same email', async () => {
    const owner = await registerAccount(app);
    const before = await rowsOf(app, owner.userId);
    const older = await putOlderUser(app, { email: owner.email });

    const { body } = await remove(olderToken(app, older.user_id), { password: OLDER_PASSWORD }).expect(200);

    expect(body).toEqual(receiptOf(app, { objects: 0, audio_files: 0, sessions: 0, users: 1 }));
    expect(await rowsOf(app, older.user_id)).toEqual(NO_ROWS);
    expect(await rowsOf(app, owner.userId)).toEqual(before);
    await signIn(app, owner);
  });

  it('needs the password, and changes nothing without it', async () => {
    const account = await registerAccount(app);
    const other = await signIn(app, account);
    await createAudioFile(app, account);
    const before = await everyRow(app);

    for (const password of ['wrong horse battery', account.password.toUpperCase(), `${account.password} `]) {
      const answer = await remove(account.authorization, { password });
      expectProblem(answer, { status: 403, detail: 'Current password is incorrect', instance: PATH });
    }

    expect(await everyRow(app)).toEqual(before);
    await app.http.get(PATH).set(other.authorization).expect(200);
  });

  it.each([
    ['no body', undefined, 'Password is required'],
    ['no password', {}, 'Password is required'],
    ['a password that is null', { password: null }, 'Password is required'],
    ['a password that is a list', { password: ['correct horse battery'] }, 'Password must be a string'],
    ['a password that is an object', { password: { S: 'x' } }, 'Password must be a string'],
    ['an empty password', { password: '' }, 'Password must not be empty'],
    ['a password that is too long', { password: 'x'.repeat(257) }, 'Password must be at most 256 characters'],
  ])('refuses %s, and changes nothing', async (_case, sent, message) => {
    const account = await registerAccount(app);
    const before = await everyRow(app);

    const answer = await remove(account.authorization, sent);

    const errors = [{ field: 'password', message }];
    expectProblem(answer, { status: 400, detail: message, instance: PATH, errors });
    expect(await everyRow(app)).toEqual(before);
  });

  it('may be sent ten times at once', async () => {
    const account = await registerAccount(app);
    for (let i = 0; i < 5; i++) await createAudioFile(app, account);
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () => remove(account.authorization, { password: account.password })),
    );
    // 401 where the account was gone already, 503 where two last steps met.
    for (const { status } of answers) expect([200, 401, 503]).toContain(status);
    expect(answers.map(({ status }) => status)).toContain(200);
    expect(await rowsOf(app, account.userId)).toEqual(NO_ROWS);
  });

  /** Uploads audio as an app does that records it first; gives the key. */
  async function uploadWithRecord(account: Account): Promise<string> {
    const fields = { s3_key: undefined, content_type: 'audio/mp4', file_size: 5 };
    const created = await createAudioFile(app, account, fields);
    const { url, headers } = created['upload'] as { url: string; headers: Record<string, string> };
    const put = await fetch(url, { method: 'PUT', headers, body: 'audio' });
    expect(put.status).toBe(200);
    return created['s3_key'] as string;
  }

  /** Uploads audio as an app does that records it afterwards, and never does; gives the key. */
  async function uploadWithoutRecord(account: Account, name: string): Promise<string> {
    const key = `audio_upload/${account.userId}/${name}`;
    const { body } = await app.http
      .get('/api/presigned-url')
      .query({ key })
      .set(account.authorization)
      .expect(200);
    const put = await fetch((body as { url: string }).url, { method: 'PUT', body: 'audio' });
    expect(put.status).toBe(200);
    return key;
  }

  /** Keys of what is stored for a user, wherever in the bucket. */
  async function objectsOf({ userId }: Account): Promise<string[]> {
    const list = new ListObjectsV2Command({ Bucket: objectStorage().bucket });
    const { Contents = [], IsTruncated } = await bucket.send(list);
    expect(IsTruncated).toBe(false);
    return Contents.map(({ Key = '' }) => Key)
      .filter((key) => key.includes(userId))
      .sort();
  }

  async function putRecords(userId: string, count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, i) => ({
      ...{ file_id: randomUUID(), user_id: userId, s3_key: `recordings/${i}.m4a` },
      ...{ uploaded_at: 1_758_762_381 + i, uploaded_at_iso: '2025-09-25T01:06:21.123456' },
    }));
    await putRows(app, app.config.tables.audioFiles, records);
  }

  async function putSessions(userId: string, count: number): Promise<void> {
    const now = Math.floor(Date.now() / 1000);
    const sessions = Array.from({ length: count }, (_, i) => ({
      ...{ session_id: randomUUID(), user_id: userId, device: 'Unknown device', generation: 0 },
      ...{ created_at: now - i, last_used_at: now, expires_at: now + 1000 },
    }));
    await putRows(app, app.config.tables.sessions, sessions);
  }
});
