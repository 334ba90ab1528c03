import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { expectProblem } from '../support/problems.js';
import { receiptOf } from '../support/receipts.js';
import { NO_ROWS, rowsOf, storedAudioFile } from '../support/stored-rows.js';
import { startStorageStub, type StorageStub } from '../support/storage-stub.js';
import {
  createUpload,
  openTestBucket,
  type PendingRecord,
  recordOf,
  send,
  type TestBucket,
} from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const UNAVAILABLE = { status: 503, detail: 'The service is temporarily unavailable' };
const ETAG = `"${createHash('md5').update('beep').digest('hex')}"`;

/** What the two stubs have in common. */
interface Losable {
  behave(
    decide: (call: { operation: string; attempt: number }) => 'forward' | 'cut' | 'forward-then-cut',
  ): void;
}

describe('a process that dies between S3 and DynamoDB', () => {
  let storage: StorageStub;
  let database: DatabaseStub;
  /** The one that dies: it talks to both through the stubs. */
  let dying: TestApp;
  /** The one that is there afterwards. */
  let next: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let record: PendingRecord;
  let path: string;

  beforeAll(async () => {
    adoptNativeErrors();
    [storage, database] = await Promise.all([startStorageStub(), startDatabaseStub()]);
    dying = await startTestApp({ S3_ENDPOINT: storage.endpoint, DYNAMODB_ENDPOINT: database.endpoint });
    next = await startTestApp({}, dying);
    bucket = openTestBucket();
  });

  beforeEach(async () => {
    storage.behave(() => 'forward');
    database.behave(() => 'forward');
    ada = await registerAccount(dying);
    record = await createUpload(dying, ada);
    path = `/api/audio-file/${record.file_id}`;
    await send(record.upload);
    storage.behave(() => 'forward');
  });

  afterAll(async () => {
    bucket.close();
    await next.close();
    await dying.close();
    await Promise.all([storage.close(), database.close()]);
  });

  const complete = ({ http }: TestApp) => http.post(`${path}/complete`).set(ada.authorization);
  const remove = ({ http }: TestApp) => http.delete(path).set(ada.authorization);
  const removeAccount = ({ http }: TestApp) =>
    http.delete('/api/user').set(ada.authorization).send({ password: ada.password });

  /** Loses the answers to the first so many requests of one operation, or the requests themselves. */
  function lose(stub: Losable, lost: string, times: number, how: 'cut' | 'forward-then-cut'): void {
    stub.behave(({ operation, attempt }) => (operation === lost && attempt <= times ? how : 'forward'));
  }

  async function expectPending(): Promise<void> {
    const { body } = await next.http.get(path).set(ada.authorization).expect(200);
    expect(body).toEqual(recordOf(record));
    await next.http.get(`${path}/download-url`).set(ada.authorization).expect(409);
  }

  function expectReady({ body }: { body: unknown }): void {
    expect(body).toEqual({ ...recordOf(record), status: 'ready', object_etag: ETAG });
  }

  async function expectGone(): Promise<void> {
    expect(await bucket.get(record.s3_key)).toBeUndefined();
    expect(await storedAudioFile(next, record.file_id)).toBeUndefined();
  }

  describe('while it completes an upload', () => {
    it('leaves the record pending where nothing was written; the same request finishes', async () => {
      lose(database, 'UpdateItem', 99, 'cut');
      expectProblem(await complete(dying), { ...UNAVAILABLE, instance: `${path}/complete` });
      await expectPending();
      expectReady(await complete(next).expect(200));
    });

    it('leaves it ready where only the answers were lost; the same request says so', async () => {
      lose(database, 'UpdateItem', 99, 'forward-then-cut');
      expectProblem(await complete(dying), { ...UNAVAILABLE, instance: `${path}/complete` });
      expectReady(await complete(next).expect(200));
      expect(await storedAudioFile(next, record.file_id)).toMatchObject({ version: 1 });
    });

    it('answers 200 where one answer of DynamoDB was lost, and writes once', async () => {
      lose(database, 'UpdateItem', 1, 'forward-then-cut');
      expectReady(await complete(dying).expect(200));
      expect(database.calls.filter((call) => call === 'UpdateItem')).toHaveLength(2);
      expect(await storedAudioFile(next, record.file_id)).toMatchObject({ version: 1 });
    });

    it.each([
      [1, 200],
      [2, 503],
    ])('repeats a question to S3 once: of %i lost answers, %i', async (lost, status) => {
      lose(storage, 'HeadObject', lost, 'forward-then-cut');
      expect((await complete(dying)).status).toBe(status);
      expect(storage.calls).toEqual(['HeadObject', 'HeadObject']);
      if (status === 503) await expectPending();
      expectReady(await complete(next).expect(200));
    });
  });

  describe('while it deletes a record', () => {
    beforeEach(() => complete(next).expect(200));

    it('leaves a record without its audio, and no success; the same request finishes', async () => {
      lose(database, 'DeleteItem', 99, 'cut');
      expectProblem(await remove(dying), { ...UNAVAILABLE, instance: path });
      expect(await bucket.get(record.s3_key)).toBeUndefined();
      await next.http.get(path).set(ada.authorization).expect(200);
      await remove(next).expect(200);
      await expectGone();
    });

    it('leaves nothing where the answers of DynamoDB were lost; the same request says so', async () => {
      lose(database, 'DeleteItem', 99, 'forward-then-cut');
      expectProblem(await remove(dying), { ...UNAVAILABLE, instance: path });
      await expectGone();
      const detail = 'Audio file not found';
      expectProblem(await remove(next), { status: 404, detail, instance: path });
    });

    it('does not touch the record where the answers of S3 were lost; the same request finishes', async () => {
      lose(storage, 'DeleteObject', 99, 'forward-then-cut');
      const row = await storedAudioFile(next, record.file_id);
      expectProblem(await remove(dying), { ...UNAVAILABLE, instance: path });
      expect(await storedAudioFile(next, record.file_id)).toEqual(row);
      expect(database.calls).not.toContain('DeleteItem');
      await remove(next).expect(200);
      await expectGone();
    });

    it.each([
      ['S3', () => lose(storage, 'DeleteObject', 1, 'forward-then-cut')],
      ['DynamoDB', () => lose(database, 'DeleteItem', 1, 'forward-then-cut')],
    ])('answers 200 where one answer of %s was lost', async (_whose, loseOne) => {
      loseOne();
      await remove(dying).expect(200);
      await expectGone();
    });
  });

  describe('while it deletes an account', () => {
    beforeEach(async () => {
      await complete(next).expect(200);
      await send((await createUpload(next, ada)).upload);
      await bucket.put(`audio_upload/${ada.userId}/without a record.m4a`, 'beep');
    });

    it.each<[string, () => void, number, number]>([
      ['S3 was listed', () => lose(storage, 'DeleteObjects', 99, 'cut'), 3, 2],
      ['S3 deleted, and said nothing', () => lose(storage, 'DeleteObjects', 99, 'forward-then-cut'), 0, 2],
      ['S3 deleted', () => lose(database, 'DeleteItem', 99, 'cut'), 0, 2],
      ['S3 and DynamoDB deleted', () => lose(database, 'DeleteItem', 99, 'forward-then-cut'), 0, 0],
      ['all but the account went', () => lose(database, 'TransactWriteItems', 99, 'cut'), 0, 0],
    ])('after %s, leaves an account that the same request ends', async (_when, die, objects, audioFiles) => {
      die();
      expectProblem(await removeAccount(dying), { ...UNAVAILABLE, instance: '/api/user' });
      expect(await bucket.keysOf(ada)).toHaveLength(objects);
      const left = await rowsOf(next, ada.userId);
      expect(left.users).toHaveLength(2);
      expect(left.audioFiles).toHaveLength(audioFiles);

      const { body } = await removeAccount(next).expect(200);
      expect(body).toEqual(receiptOf(next, { objects, audio_files: audioFiles, sessions: 1, users: 1 }));
      expect(await bucket.keysOf(ada)).toEqual([]);
      expect(await rowsOf(next, ada.userId)).toEqual(NO_ROWS);
    });

    it('answers 200 where one answer of each was lost', async () => {
      storage.behave(({ attempt }) => (attempt === 1 ? 'forward-then-cut' : 'forward'));
      lose(database, 'DeleteItem', 1, 'forward-then-cut');
      const { body } = await removeAccount(dying).expect(200);
      expect(body).toMatchObject({ objects: 3, users: 1 });
      expect(await bucket.keysOf(ada)).toEqual([]);
      expect(await rowsOf(next, ada.userId)).toEqual(NO_ROWS);
    });
  });
});
