import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { problemBody } from '../support/problem-body.js';
import { expectProblem } from '../support/problems.js';
import { receiptOf } from '../support/receipts.js';
import { NO_ROWS, rowsOf } from '../support/stored-rows.js';
import { createUpload, openTestBucket, send, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ABSENT = { status: 501, detail: 'Audio storage is not set up on this server' };

describe('an application without a bucket', () => {
  let app: TestApp;
  /** Another instance on the same tables, which has the bucket. */
  let equipped: TestApp;
  let bucket: TestBucket;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ AWS_S3_BUCKET_NAME: '' });
    equipped = await startTestApp({}, app);
    bucket = openTestBucket();
    ada = await registerAccount(app);
  });

  afterAll(async () => {
    bucket.close();
    await equipped.close();
    await app.close();
  });

  const post = (path: string, body: object) => app.http.post(path).set(ada.authorization).send(body);
  const get = (path: string) => app.http.get(path).set(ada.authorization);

  it('begins no upload, and records none', async () => {
    const before = await rowsOf(app, ada.userId);
    const answer = await post('/api/audio-file', { content_type: 'audio/wav', file_size: 4 });
    expectProblem(answer, { ...ABSENT, instance: '/api/audio-file' });
    const keyed = await post('/api/audio-file', { content_type: 'audio/wav', file_size: 4 }).set(
      'Idempotency-Key',
      'monday',
    );
    expectProblem(keyed, { ...ABSENT, instance: '/api/audio-file' });
    expect(await rowsOf(app, ada.userId)).toEqual(before);
  });

  it('still says what is wrong with a request', async () => {
    await post('/api/audio-file', { content_type: 'audio/wav' }).expect(400);
    await get('/api/presigned-url').expect(400);
    await app.http.get('/api/presigned-url?key=a').expect(401);
  });

  it('completes no upload, which stays pending', async () => {
    const { upload, ...record } = await createUpload(equipped, ada);
    await send(upload);
    const path = `/api/audio-file/${record.file_id}`;
    const answer = await post(`${path}/complete`, {});
    expectProblem(answer, { ...ABSENT, instance: `${path}/complete` });
    expect((await get(path).expect(200)).body).toEqual(record);
    await equipped.http.post(`${path}/complete`).set(ada.authorization).expect(200);
    expect((await post(`${path}/complete`, {}).expect(200)).body).toMatchObject({ status: 'ready' });
  });

  it.each([
    ['in the own folder', () => `audio_upload/${ada.userId}/a.m4a`],
    ['outside of it', () => 'recordings/monday.m4a'],
  ])('gives no address to download or upload a key %s', async (_where, keyOf) => {
    const { file_id: fileId } = await createAudioFile(app, ada, { s3_key: keyOf() });
    const path = `/api/audio-file/${fileId}/download-url`;
    expectProblem(await get(path), { ...ABSENT, instance: path });
    const upload = await get(`/api/presigned-url?key=${keyOf()}`);
    expectProblem(upload, { ...ABSENT, instance: '/api/presigned-url' });
  });

  it('gives no address for a pending record', async () => {
    const { file_id: fileId } = await createUpload(equipped, ada);
    const path = `/api/audio-file/${fileId}/download-url`;
    expectProblem(await get(path), { ...ABSENT, instance: path });
  });

  it('records, shows, lists, changes and deletes', async () => {
    const bob = await registerAccount(app);
    const as = bob.authorization;
    const record = await createAudioFile(app, bob, { s3_key: `audio_upload/${bob.userId}/a.m4a` });
    const path = `/api/audio-file/${record.file_id}`;
    expect(record).toEqual(
      recordBody({
        user_id: bob.userId,
        s3_key: `audio_upload/${bob.userId}/a.m4a`,
        file_size: 482_133,
        recorded_at: '2025-09-24T18:30:00Z',
      }),
    );
    expect((await app.http.get(path).set(as).expect(200)).body).toEqual(record);
    expect((await app.http.get('/api/user/audio-files').set(as).expect(200)).body).toEqual([record]);
    const patched = await app.http.patch(path).set(as).send({ title: 'Monday' }).expect(200);
    expect(patched.body).toEqual({ ...record, title: 'Monday' });
    await app.http.get('/api/user/usage').set(as).expect(200);
    const deleted = await app.http.delete(path).set(as).expect(200);
    expect(deleted.body).toEqual({ message: 'Audio file deleted successfully' });
    await app.http.get(path).set(as).expect(404);
  });

  it('deletes a record and leaves an object alone that it does not know of', async () => {
    const record = await createUpload(equipped, ada);
    await send(record.upload);
    await app.http.delete(`/api/audio-file/${record.file_id}`).set(ada.authorization).expect(200);
    expect(String(await bucket.get(record.s3_key))).toBe('beep');
  });

  it('makes, gets and deletes many, but for the uploads', async () => {
    const created = await post('/api/user/audio-files/batch-create', {
      items: [{ s3_key: 'a' }, { content_type: 'audio/wav', file_size: 4 }, { s3_key: 'b', client_id: 'b' }],
    }).expect(200);
    const instance = '/api/user/audio-files/batch-create';
    expect(created.body).toEqual({
      results: [
        { status: 201, audio_file: recordBody({ user_id: ada.userId, s3_key: 'a' }) },
        { status: 501, problem: problemBody(501, ABSENT.detail, instance) },
        {
          status: 201,
          audio_file: recordBody({ user_id: ada.userId, s3_key: 'b', file_id: expect.any(String) }),
        },
      ],
    });
    const results = created.body.results as { audio_file?: { file_id: string } }[];
    const file_ids = results.flatMap(({ audio_file }) => (audio_file ? [audio_file.file_id] : []));
    for (const batch of ['batch-get', 'batch-delete']) {
      const { body } = await post(`/api/user/audio-files/${batch}`, { file_ids }).expect(200);
      expect((body.results as { status: number }[]).map(({ status }) => status)).toEqual([200, 200]);
    }
  });

  it('deletes an account', async () => {
    const bob = await registerAccount(app);
    await createAudioFile(app, bob, { s3_key: `audio_upload/${bob.userId}/a.m4a` });
    const { body } = await app.http
      .delete('/api/user')
      .set(bob.authorization)
      .send({ password: bob.password })
      .expect(200);
    expect(body).toEqual(receiptOf(app, { objects: 0, audio_files: 1, sessions: 1, users: 1 }));
    expect(await rowsOf(app, bob.userId)).toEqual(NO_ROWS);
  });

  it('is healthy', async () => {
    await app.http.get('/api/health').expect(200);
  });
});
