import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { createUpload, openTestBucket, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('folders that uploads went to before', () => {
  let app: TestApp;
  let bucket: TestBucket;
  let [ada, bob]: Account[] = [];
  const me = () => ada as Account;

  beforeAll(async () => {
    app = await startTestApp({ AWS_S3_AUDIO_FOLDER: 'third', AWS_S3_EARLIER_AUDIO_FOLDERS: 'second' });
    bucket = openTestBucket();
    [ada, bob] = [await registerAccount(app), await registerAccount(app)];
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
  });

  it('are somebody’s own still: downloaded, deleted, and nobody else’s', async () => {
    const key = `second/${me().userId}/a.m4a`;
    await bucket.put(key, 'beep');
    const { file_id: id } = await createAudioFile(app, me(), { s3_key: key });
    const link = await app.http.get(`/api/audio-file/${id}/download-url`).set(me().authorization).expect(200);
    expect(await (await fetch((link.body as { url: string }).url)).text()).toBe('beep');
    const theirs = await app.http
      .post('/api/audio-file')
      .set((bob as Account).authorization)
      .send({ s3_key: key });
    expect(theirs.status).toBe(403);
    await app.http.delete(`/api/audio-file/${id}`).set(me().authorization).expect(200);
    expect(await bucket.get(key)).toBeUndefined();
  });

  it('take no uploads any more, and are emptied with the account', async () => {
    const { s3_key: key } = await createUpload(app, me());
    expect(key.startsWith(`third/${me().userId}/`)).toBe(true);
    const keys = ['audio_upload', 'second', 'third'].map((folder) => `${folder}/${me().userId}/left.m4a`);
    for (const left of keys) await bucket.put(left, 'beep');
    await app.http.delete('/api/user').set(me().authorization).send({ password: me().password }).expect(200);
    for (const left of keys) expect(await bucket.get(left)).toBeUndefined();
  });
});
