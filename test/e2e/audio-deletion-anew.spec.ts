import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { storedAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { AUDIO, openTestBucket, type PendingRecord, send, type TestBucket } from '../support/uploads.js';

/** Two instances: the calls of the slow one can be held. */
describe('a record that is made anew with its key while a deletion of the one before is under way', () => {
  let stub: DatabaseStub;
  let slow: TestApp;
  let quick: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let key: string;
  let record: PendingRecord;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    slow = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, DATABASE_BUDGET_MS: '20000' });
    quick = await startTestApp({}, slow);
    bucket = openTestBucket();
    ada = await registerAccount(quick);
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    key = randomUUID();
    record = await made('audio/wav');
  });

  afterAll(async () => {
    bucket.close();
    await quick.close();
    await slow.close();
    await stub.close();
  });

  async function made(contentType: string): Promise<PendingRecord> {
    const { body } = await quick.http
      .post('/api/audio-file')
      .set({ ...ada.authorization, 'Idempotency-Key': key })
      .send({ content_type: contentType, file_size: AUDIO.length })
      .expect(201);
    expect(await send((body as PendingRecord).upload)).toBe(200);
    const path = `/api/audio-file/${(body as PendingRecord).file_id}`;
    await quick.http.post(`${path}/complete`).set(ada.authorization).expect(200);
    return body as PendingRecord;
  }
  const path = () => `/api/audio-file/${record.file_id}`;
  const etag = async () =>
    (await quick.http.get(path()).set(ada.authorization).expect(200)).get('ETag') ?? '';

  /** Holds the delete of the row, until the record was deleted by another request and made anew. */
  function madeAnewBefore(held: string): { anew: () => PendingRecord | undefined } {
    let anew: PendingRecord | undefined;
    stub.behave(async ({ operation, attempt }) => {
      if (operation === held && attempt === 1) {
        await quick.http.delete(path()).set(ada.authorization).expect(200);
        anew = await made('audio/mp4');
      }
      return 'forward' as const;
    });
    return { anew: () => anew };
  }
  const isThere = async (of: PendingRecord | undefined) => ({
    row: (await storedAudioFile(quick, record.file_id)) !== undefined,
    object: (await bucket.get(of?.s3_key ?? '')) !== undefined,
  });

  it('stays, with its audio, where the deletion was of what the client had seen', async () => {
    const seen = await etag();
    const { anew } = madeAnewBefore('DeleteItem');
    const answer = await slow.http.delete(path()).set({ ...ada.authorization, 'If-Match': seen });
    expect(answer.status).toBe(412);
    expect(await isThere(anew())).toEqual({ row: true, object: true });
  });

  it('goes with its audio where the deletion was of whatever is there', async () => {
    const { anew } = madeAnewBefore('DeleteItem');
    await slow.http.delete(path()).set(ada.authorization).expect(200);
    expect(anew()).toBeDefined();
    expect(await isThere(anew())).toEqual({ row: false, object: false });
  });

  it('stays, with its audio, where the deletion is one of a batch, which is told to come again', async () => {
    const { anew } = madeAnewBefore('DeleteItem');
    const { body } = await slow.http
      .post('/api/user/audio-files/batch-delete')
      .set(ada.authorization)
      .send({ file_ids: [record.file_id] })
      .expect(200);
    expect(body).toMatchObject({ results: [{ status: 503 }] });
    expect(await isThere(anew())).toEqual({ row: true, object: true });
  });

  it('is no reason to refuse a deletion beside which only the title changes', async () => {
    stub.behave(async ({ operation, attempt }) => {
      if (operation === 'DeleteItem' && attempt < 3) {
        await quick.http
          .patch(path())
          .set(ada.authorization)
          .send({ title: `${attempt}` })
          .expect(200);
      }
      return 'forward' as const;
    });
    await slow.http.delete(path()).set(ada.authorization).expect(200);
    expect(await isThere(record)).toEqual({ row: false, object: false });
  });
});
