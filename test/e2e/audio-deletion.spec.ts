import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAudioFile, registerAccount } from '../support/accounts.js';
import { DeletionScene } from '../support/deletion-scene.js';
import { expectProblem } from '../support/problems.js';
import { putAudioFile, storedAudioFile } from '../support/stored-rows.js';
import { createUpload, send } from '../support/uploads.js';

const GONE = { message: 'Audio file deleted successfully' };

describe('DELETE /api/audio-file/{file_id} and the audio', () => {
  let scene: DeletionScene;

  beforeAll(async () => {
    scene = await DeletionScene.start();
  });

  beforeEach(() => scene.stub.behave(() => 'forward'));

  afterAll(() => scene.close());

  async function putRow(fields: { user_id: string; s3_key: string }): Promise<string> {
    const fileId = randomUUID();
    const uploaded = { uploaded_at: 1_758_762_381, uploaded_at_iso: '2025-09-25T01:06:21.123456' };
    await putAudioFile(scene.app, { file_id: fileId, ...uploaded, ...fields });
    return fileId;
  }

  it('removes the object first, and then the record', async () => {
    const { file_id: fileId, s3_key: key, upload } = await createUpload(scene.app, scene.ada);
    await send(upload);
    await scene.app.http.post(`/api/audio-file/${fileId}/complete`).set(scene.ada.authorization).expect(200);
    const seen: unknown[] = [];
    scene.stub.behave(async ({ operation }) => {
      seen.push(operation, (await storedAudioFile(scene.app, fileId))?.['s3_key']);
      return 'forward' as const;
    });
    const { body } = await scene.remove(fileId).expect(200);
    expect(body).toEqual(GONE);
    expect(seen).toEqual(['DeleteObject', key]);
    expect(await scene.bucket.get(key)).toBeUndefined();
    expect(await storedAudioFile(scene.app, fileId)).toBeUndefined();
    const again = await scene.remove(fileId);
    const instance = `/api/audio-file/${fileId}`;
    expectProblem(again, { status: 404, detail: 'Audio file not found', instance });
  });

  it('ends a pending record, with what was uploaded for it and with nothing uploaded', async () => {
    const [sent, unsent] = [
      await createUpload(scene.app, scene.ada),
      await createUpload(scene.app, scene.ada),
    ];
    await send(sent.upload);
    for (const { file_id: fileId, s3_key: key } of [sent, unsent]) {
      expect((await scene.remove(fileId).expect(200)).body).toEqual(GONE);
      expect(await scene.bucket.get(key)).toBeUndefined();
      expect(await storedAudioFile(scene.app, fileId)).toBeUndefined();
    }
  });

  it('succeeds where the object is missing', async () => {
    const key = `audio_upload/${scene.ada.userId}/missing.m4a`;
    const { file_id: fileId } = await createAudioFile(scene.app, scene.ada, { s3_key: key });
    expect((await scene.remove(fileId).expect(200)).body).toEqual(GONE);
    expect(await storedAudioFile(scene.app, fileId)).toBeUndefined();
  });

  it('removes an object of the own folder that the client named, whatever its characters', async () => {
    const key = `audio_upload/${scene.ada.userId}/Montag früh 100% +💚 & more?.m4a`;
    await scene.bucket.put(key, 'beep');
    const { file_id: fileId } = await createAudioFile(scene.app, scene.ada, { s3_key: key });
    await scene.remove(fileId).expect(200);
    expect(await scene.bucket.get(key)).toBeUndefined();
  });

  it.each([
    ['outside of the upload folder', () => `recordings/${randomUUID()}.m4a`],
    ['in the folder of somebody else', () => `audio_upload/${randomUUID()}/monday.m4a`],
    ['at the top of the upload folder', () => `audio_upload/${randomUUID()}.m4a`],
    ['in a folder that only begins like the own one', () => `audio_upload/${scene.ada.userId}0/monday.m4a`],
  ])('leaves alone an object %s that a record names', async (_where, keyOf) => {
    const key = keyOf();
    await scene.bucket.put(key, 'not yours');
    const fileId = await putRow({ user_id: scene.ada.userId, s3_key: key });
    expect((await scene.remove(fileId).expect(200)).body).toEqual(GONE);
    expect(scene.stub.calls).toEqual([]);
    expect(String(await scene.bucket.get(key))).toBe('not yours');
    expect(await storedAudioFile(scene.app, fileId)).toBeUndefined();
  });

  it('leaves alone an object that records of two users name', async () => {
    const bob = await registerAccount(scene.app);
    const key = `recordings/${randomUUID()}.m4a`;
    await scene.bucket.put(key, 'shared');
    const { file_id: adas } = await createAudioFile(scene.app, scene.ada, { s3_key: key });
    const { file_id: bobs } = await createAudioFile(scene.app, bob, { s3_key: key });
    await scene.remove(adas).expect(200);
    await scene.remove(bobs, bob).expect(200);
    expect(String(await scene.bucket.get(key))).toBe('shared');
  });

  it('is refused to others, and leaves the object alone', async () => {
    const { file_id: fileId, s3_key: key, upload } = await createUpload(scene.app, scene.ada);
    await send(upload);
    scene.stub.behave(() => 'forward');
    const instance = `/api/audio-file/${fileId}`;
    const stranger = await scene.remove(fileId, await registerAccount(scene.app));
    expectProblem(stranger, { status: 403, detail: 'Access denied', instance });
    await scene.app.http.delete(instance).expect(401);
    expect(scene.stub.calls).toEqual([]);
    expect(String(await scene.bucket.get(key))).toBe('beep');
  });

  it('answers once 200 and else 404 to ten requests at once', async () => {
    const { file_id: fileId, s3_key: key, upload } = await createUpload(scene.app, scene.ada);
    await send(upload);
    const answers = await Promise.all(Array.from({ length: 10 }, () => scene.remove(fileId)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(9).fill(404)]);
    expect(await scene.bucket.get(key)).toBeUndefined();
  });
});
