import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { createUpload, openTestBucket, send, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('a second record with the key of an upload', () => {
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let upload: Awaited<ReturnType<typeof createUpload>>;
  let second: string;

  beforeAll(async () => {
    app = await startTestApp();
    bucket = openTestBucket();
    ada = await registerAccount(app);
  });

  beforeEach(async () => {
    upload = await createUpload(app, ada);
    await send(upload.upload);
    await app.http.post(`/api/audio-file/${upload.file_id}/complete`).set(ada.authorization).expect(200);
    second = (await createAudioFile(app, ada, { s3_key: upload.s3_key })).file_id;
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
  });

  const removeAll = (...ids: string[]) =>
    app.http
      .post('/api/user/audio-files/batch-delete')
      .set(ada.authorization)
      .send({ file_ids: ids })
      .expect(200);
  const ways = {
    alone: () => app.http.delete(`/api/audio-file/${second}`).set(ada.authorization).expect(200),
    'in a batch': () => removeAll(second),
  };

  it.each(Object.entries(ways))(
    'goes without the audio, deleted %s, so that the upload URL of the first takes nothing else',
    async (_how, remove) => {
      const before = await bucket.get(upload.s3_key);
      expect(before).toBeDefined();
      await remove();
      expect(await bucket.get(upload.s3_key)).toEqual(before);
      expect(await send(upload.upload)).toBe(412);
    },
  );

  it('goes with it where both are deleted together', async () => {
    await removeAll(second, upload.file_id);
    expect(await bucket.get(upload.s3_key)).toBeUndefined();
  });

  it('takes the audio where the first is gone', async () => {
    await app.http.delete(`/api/audio-file/${upload.file_id}`).set(ada.authorization).expect(200);
    await bucket.put(upload.s3_key, 'late');
    await ways.alone();
    expect(await bucket.get(upload.s3_key)).toBeUndefined();
  });
});
