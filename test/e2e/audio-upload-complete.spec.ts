import { createHash, randomUUID } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { expectProblem } from '../support/problems.js';
import { storedAudioFile } from '../support/stored-rows.js';
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

const etagOf = (audio: string) => `"${createHash('md5').update(audio).digest('hex')}"`;

describe('POST /api/audio-file/{file_id}/complete', () => {
  let stub: StorageStub;
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let record: PendingRecord;
  let path: string;

  beforeAll(async () => {
    stub = await startStorageStub();
    app = await startTestApp({ S3_ENDPOINT: stub.endpoint });
    bucket = openTestBucket();
    ada = await registerAccount(app);
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    record = await createUpload(app, ada);
    path = `/api/audio-file/${record.file_id}/complete`;
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
    await stub.close();
  });

  const complete = (authorization = ada.authorization) => app.http.post(path).set(authorization);

  const ready = (audio: string) =>
    recordBody({
      file_id: record.file_id,
      user_id: ada.userId,
      s3_key: record.s3_key,
      file_size: 4,
      uploaded_at: record['uploaded_at'],
      content_type: 'audio/wav',
      object_etag: etagOf(audio),
    });

  it('makes the record ready, asks S3 once, and stores what S3 has', async () => {
    await send(record.upload);
    stub.behave(() => 'forward');
    const answer = await complete().expect(200);
    expect(answer.body).toEqual(ready('beep'));
    expect(stub.calls).toEqual(['HeadObject']);
    expect(await storedAudioFile(app, record.file_id)).toEqual({
      file_id: record.file_id,
      user_id: ada.userId,
      s3_key: record.s3_key,
      file_size: 4,
      uploaded_at: Date.parse(record['uploaded_at'] as string) / 1000,
      uploaded_at_iso: record['uploaded_at'],
      content_type: 'audio/wav',
      object_etag: etagOf('beep'),
      version: 1,
    });
  });

  it('answers the same again, without a question to S3, whatever became of the object', async () => {
    await send(record.upload);
    const first = await complete().expect(200);
    await bucket.delete(record.s3_key);
    stub.behave(() => 'cut');
    const second = await complete().expect(200);
    expect(second.body).toEqual(first.body);
    expect(second.headers['etag']).toBe(first.headers['etag']);
    expect(stub.calls).toEqual([]);
  });

  it('answers 200 with the same to twenty requests at once', async () => {
    await send(record.upload);
    const answers = await Promise.all(Array.from({ length: 20 }, () => complete()));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    for (const { body } of answers) expect(body).toEqual(ready('beep'));
    expect(new Set(answers.map(({ headers }) => headers['etag'])).size).toBe(1);
    expect(await storedAudioFile(app, record.file_id)).toMatchObject({ version: 1 });
  });

  it('is open to records that never were pending, and changes nothing', async () => {
    const fields = { s3_key: 'recordings/monday.m4a' };
    const { body: created } = await app.http.post('/api/audio-file').set(ada.authorization).send(fields);
    path = `/api/audio-file/${created.file_id}/complete`;
    const { body } = await complete().expect(200);
    expect(body).toEqual(created);
  });

  async function expectPending(): Promise<void> {
    const { body } = await app.http.get(path.replace('/complete', '')).set(ada.authorization).expect(200);
    expect(body).toEqual(recordOf(record));
  }

  it('answers 409 before the upload, and 200 after it', async () => {
    const detail = 'The audio has not been uploaded yet';
    expectProblem(await complete(), { status: 409, detail, instance: path });
    await expectPending();
    await send(record.upload);
    await complete().expect(200);
  });

  it.each([
    ['shorter', 'bee', 3],
    ['longer', 'beeep', 5],
    ['empty', '', 0],
  ])('answers 409 for an object that is %s', async (_how, audio, size) => {
    await bucket.put(record.s3_key, audio);
    const detail = `The uploaded audio has ${size} bytes, and 4 were announced`;
    expectProblem(await complete(), { status: 409, detail, instance: path });
    await expectPending();
  });

  it('takes an object as it is now, where it was replaced by one of the same size', async () => {
    await send(record.upload);
    await bucket.put(record.s3_key, 'boop');
    const { body } = await complete().expect(200);
    expect(body).toEqual(ready('boop'));
  });

  it('answers 409 where an object was replaced by one of another size, until it is sent again', async () => {
    await send(record.upload);
    await bucket.put(record.s3_key, 'something else');
    const detail = 'The uploaded audio has 14 bytes, and 4 were announced';
    expectProblem(await complete(), { status: 409, detail, instance: path });
    await expectPending();
    // What is there is not replaced, neither by what was announced.
    expect(await send(record.upload, 'boop')).toBe(412);
    await bucket.delete(record.s3_key);
    expect(await send(record.upload, 'boop')).toBe(200);
    const { body } = await complete().expect(200);
    expect(body).toEqual(ready('boop'));
  });

  it.each([
    ['of what was announced', 'beep', 'beep', undefined],
    ['of something else', 'boop', 'boop', 'has another SHA-256 checksum than announced'],
    ['at all', 'beep', undefined, 'has no SHA-256 checksum at S3, and one was announced'],
  ])('asks for a checksum of S3 where one was announced: %s', async (_which, audio, summed, difference) => {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    record = await createUpload(app, ada, { checksum_sha256: digest('beep').toString('hex') });
    path = `/api/audio-file/${record.file_id}/complete`;
    const headers = {
      'Content-Length': '4',
      ETag: etagOf(audio),
      ...(summed !== undefined && { 'x-amz-checksum-sha256': digest(summed).toString('base64') }),
    };
    stub.behave(() => ({ status: 200, headers }));
    const answer = await complete();
    if (difference === undefined) {
      expect(answer.status).toBe(200);
      return expect(answer.body).toMatchObject({ status: 'ready', object_etag: etagOf(audio) });
    }
    expectProblem(answer, { status: 409, detail: `The uploaded audio ${difference}`, instance: path });
    await expectPending();
  });

  it('takes no content that S3 has not summed up, where a checksum was announced', async () => {
    const checksum = createHash('sha256').update('beep').digest('hex');
    record = await createUpload(app, ada, { checksum_sha256: checksum });
    path = `/api/audio-file/${record.file_id}/complete`;
    await bucket.put(record.s3_key, 'boop');
    const detail = 'The uploaded audio has no SHA-256 checksum at S3, and one was announced';
    expectProblem(await complete(), { status: 409, detail, instance: path });
    await expectPending();
    await bucket.delete(record.s3_key);
    expect(await send(record.upload, 'boop')).toBe(400);
    expect(await bucket.get(record.s3_key)).toBeUndefined();
    expect(await send(record.upload, 'beep')).toBe(200);
    await complete().expect(200);
  });

  it('goes by what the record announces when it is written, not when it was read', async () => {
    const key = randomUUID();
    const begin = async (size: number) => {
      const request = app.http.post('/api/audio-file').set({ ...ada.authorization, 'Idempotency-Key': key });
      const { body } = await request.send({ content_type: 'audio/wav', file_size: size }).expect(201);
      return body as PendingRecord;
    };
    record = await begin(4);
    await send(record.upload);
    path = `/api/audio-file/${record.file_id}/complete`;
    let again: PendingRecord | undefined;
    stub.behave(async ({ operation }) => {
      if (operation === 'HeadObject' && !again) {
        // Deleted and made anew, without audio, while the first answer of S3 is on its way.
        await app.rows.send(
          new DeleteCommand({ TableName: app.config.tables.audioFiles, Key: { file_id: record.file_id } }),
        );
        again = await begin(9);
      }
      return 'forward' as const;
    });
    const detail = 'The uploaded audio has 4 bytes, and 9 were announced';
    expectProblem(await complete(), { status: 409, detail, instance: path });
    expect(again?.file_id).toBe(record.file_id);
    expect(await storedAudioFile(app, record.file_id)).toMatchObject({ file_size: 9, status: 'pending' });
  });

  it('answers 404 where the record is deleted while S3 is asked, and makes none anew', async () => {
    await send(record.upload);
    stub.behave(async () => {
      await app.rows.send(
        new DeleteCommand({ TableName: app.config.tables.audioFiles, Key: { file_id: record.file_id } }),
      );
      return 'forward' as const;
    });
    expectProblem(await complete(), { status: 404, detail: 'Audio file not found', instance: path });
    expect(await storedAudioFile(app, record.file_id)).toBeUndefined();
  });

  it('answers 404 for an unknown record, and for what is no id', async () => {
    for (const id of [randomUUID(), 'monday']) {
      path = `/api/audio-file/${id}/complete`;
      expectProblem(await complete(), { status: 404, detail: 'Audio file not found', instance: path });
    }
  });

  it('is for the owner only', async () => {
    await send(record.upload);
    stub.behave(() => 'forward');
    const stranger = await registerAccount(app);
    const refused = await complete(stranger.authorization);
    expectProblem(refused, { status: 403, detail: 'Access denied', instance: path });
    const none = await app.http.post(path);
    expectProblem(none, { status: 401, detail: 'Not authenticated', instance: path });
    const bad = await complete({ Authorization: 'Bearer x' });
    expectProblem(bad, { status: 401, detail: 'Token is invalid or expired', instance: path });
    expect(stub.calls).toEqual([]);
    await expectPending();
  });
});
