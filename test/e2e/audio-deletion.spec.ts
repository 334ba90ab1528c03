import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { putAudioFile, storedAudioFile } from '../support/stored-rows.js';
import { startStorageStub, type StorageStub } from '../support/storage-stub.js';
import { createUpload, openTestBucket, send, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const GONE = { message: 'Audio file deleted successfully' };

describe('DELETE /api/audio-file/{file_id} and the audio', () => {
  let stub: StorageStub;
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;

  beforeAll(async () => {
    stub = await startStorageStub();
    app = await startTestApp({ S3_ENDPOINT: stub.endpoint });
    bucket = openTestBucket();
    ada = await registerAccount(app);
  });

  beforeEach(() => stub.behave(() => 'forward'));

  afterAll(async () => {
    bucket.close();
    await app.close();
    await stub.close();
  });

  const remove = (fileId: string, { authorization } = ada) =>
    app.http.delete(`/api/audio-file/${fileId}`).set(authorization);

  async function putRow(fields: { user_id: string; s3_key: string }): Promise<string> {
    const fileId = randomUUID();
    const uploaded = { uploaded_at: 1_758_762_381, uploaded_at_iso: '2025-09-25T01:06:21.123456' };
    await putAudioFile(app, { file_id: fileId, ...uploaded, ...fields });
    return fileId;
  }

  it('removes the object first, and then the record', async () => {
    const { file_id: fileId, s3_key: key, upload } = await createUpload(app, ada);
    await send(upload);
    await app.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization).expect(200);
    const seen: unknown[] = [];
    stub.behave(async ({ operation }) => {
      seen.push(operation, (await storedAudioFile(app, fileId))?.['s3_key']);
      return 'forward' as const;
    });
    const { body } = await remove(fileId).expect(200);
    expect(body).toEqual(GONE);
    expect(seen).toEqual(['DeleteObject', key]);
    expect(await bucket.get(key)).toBeUndefined();
    expect(await storedAudioFile(app, fileId)).toBeUndefined();
    const again = await remove(fileId);
    const instance = `/api/audio-file/${fileId}`;
    expectProblem(again, { status: 404, detail: 'Audio file not found', instance });
  });

  it('ends a pending record, with what was uploaded for it and with nothing uploaded', async () => {
    const [sent, unsent] = [await createUpload(app, ada), await createUpload(app, ada)];
    await send(sent.upload);
    for (const { file_id: fileId, s3_key: key } of [sent, unsent]) {
      expect((await remove(fileId).expect(200)).body).toEqual(GONE);
      expect(await bucket.get(key)).toBeUndefined();
      expect(await storedAudioFile(app, fileId)).toBeUndefined();
    }
  });

  it('succeeds where the object is missing', async () => {
    const key = `audio_upload/${ada.userId}/missing.m4a`;
    const { file_id: fileId } = await createAudioFile(app, ada, { s3_key: key });
    expect((await remove(fileId).expect(200)).body).toEqual(GONE);
    expect(await storedAudioFile(app, fileId)).toBeUndefined();
  });

  it('removes an object of the own folder that the client named, whatever its characters', async () => {
    const key = `audio_upload/${ada.userId}/Montag früh 100% +💚 & more?.m4a`;
    await bucket.put(key, 'beep');
    const { file_id: fileId } = await createAudioFile(app, ada, { s3_key: key });
    await remove(fileId).expect(200);
    expect(await bucket.get(key)).toBeUndefined();
  });

  it.each([
    ['outside of the upload folder', () => `recordings/${randomUUID()}.m4a`],
    ['in the folder of somebody else', () => `audio_upload/${randomUUID()}/monday.m4a`],
    ['at the top of the upload folder', () => `audio_upload/${randomUUID()}.m4a`],
    ['in a folder that only begins like the own one', () => `audio_upload/${ada.userId}0/monday.m4a`],
  ])('leaves alone an object %s that a record names', async (_where, keyOf) => {
    const key = keyOf();
    await bucket.put(key, 'not yours');
    const fileId = await putRow({ user_id: ada.userId, s3_key: key });
    expect((await remove(fileId).expect(200)).body).toEqual(GONE);
    expect(stub.calls).toEqual([]);
    expect(String(await bucket.get(key))).toBe('not yours');
    expect(await storedAudioFile(app, fileId)).toBeUndefined();
  });

  it('leaves alone an object that records of two users name', async () => {
    const bob = await registerAccount(app);
    const key = `recordings/${randomUUID()}.m4a`;
    await bucket.put(key, 'shared');
    const { file_id: adas } = await createAudioFile(app, ada, { s3_key: key });
    const { file_id: bobs } = await createAudioFile(app, bob, { s3_key: key });
    await remove(adas).expect(200);
    await remove(bobs, bob).expect(200);
    expect(String(await bucket.get(key))).toBe('shared');
  });

  it('is refused to others, and leaves the object alone', async () => {
    const { file_id: fileId, s3_key: key, upload } = await createUpload(app, ada);
    await send(upload);
    stub.behave(() => 'forward');
    const instance = `/api/audio-file/${fileId}`;
    const stranger = await remove(fileId, await registerAccount(app));
    expectProblem(stranger, { status: 403, detail: 'Access denied', instance });
    await app.http.delete(instance).expect(401);
    expect(stub.calls).toEqual([]);
    expect(String(await bucket.get(key))).toBe('beep');
  });

  it('answers once 200 and else 404 to ten requests at once', async () => {
    const { file_id: fileId, s3_key: key, upload } = await createUpload(app, ada);
    await send(upload);
    const answers = await Promise.all(Array.from({ length: 10 }, () => remove(fileId)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(9).fill(404)]);
    expect(await bucket.get(key)).toBeUndefined();
  });
});
