import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAudioFile, registerAccount } from '../support/accounts.js';
import { DeletionScene } from '../support/deletion-scene.js';
import { expectProblem } from '../support/problems.js';
import { storedAudioFile } from '../support/stored-rows.js';
import { createUpload, send } from '../support/uploads.js';

const GONE = { message: 'Audio file deleted successfully' };

describe('DELETE /api/audio-file/{file_id} with If-Match', () => {
  let scene: DeletionScene;

  beforeAll(async () => {
    scene = await DeletionScene.start();
  });

  beforeEach(() => scene.stub.behave(() => 'forward'));

  afterAll(() => scene.close());

  const CHANGED = { status: 412, detail: 'The record was changed meanwhile' };
  const removeIf = (fileId: string, tag: string) => scene.remove(fileId).set('If-Match', tag);
  const change = (fileId: string, title: string) =>
    scene.app.http.patch(`/api/audio-file/${fileId}`).set(scene.ada.authorization).send({ title });
  const etagOf = async (fileId: string) => {
    const { headers } = await scene.app.http
      .get(`/api/audio-file/${fileId}`)
      .set(scene.ada.authorization)
      .expect(200);
    return headers['etag'] as string;
  };
  /** A record whose audio is kept here, and one whose audio is not, with the tag it has. */
  async function both(): Promise<{ fileId: string; key: string; etag: string }[]> {
    const kept = await createUpload(scene.app, scene.ada);
    await send(kept.upload);
    await scene.app.http
      .post(`/api/audio-file/${kept.file_id}/complete`)
      .set(scene.ada.authorization)
      .expect(200);
    const key = `recordings/${randomUUID()}.m4a`;
    await scene.bucket.put(key, 'not kept');
    const other = await createAudioFile(scene.app, scene.ada, { s3_key: key });
    const files = [
      { fileId: kept.file_id, key: kept.s3_key },
      { fileId: other.file_id, key },
    ];
    return Promise.all(files.map(async (file) => ({ ...file, etag: await etagOf(file.fileId) })));
  }

  it('deletes the record for the tag it has, for one of several, and for a star', async () => {
    for (const tagOf of [(etag: string) => etag, (etag: string) => `"x", ${etag}`, () => '*']) {
      for (const { fileId, etag } of await both()) {
        expect((await removeIf(fileId, tagOf(etag)).expect(200)).body).toEqual(GONE);
        expect(await storedAudioFile(scene.app, fileId)).toBeUndefined();
      }
    }
  });

  it.each([
    ['of the state before a change', (etag: string) => etag],
    ['that the record never had', () => '"x"'],
    ['that is weak', (etag: string) => `W/${etag}`],
  ])('is a 412 for a tag %s, and deletes neither record nor audio', async (_, tagOf) => {
    for (const { fileId, key, etag } of await both()) {
      await change(fileId, 'Tuesday').expect(200);
      const before = await storedAudioFile(scene.app, fileId);
      scene.stub.behave(() => 'forward');
      const answer = await removeIf(fileId, tagOf(etag));
      expectProblem(answer, { ...CHANGED, instance: `/api/audio-file/${fileId}` });
      expect(scene.stub.calls).toEqual([]);
      expect(await storedAudioFile(scene.app, fileId)).toEqual(before);
      expect(await scene.bucket.get(key)).toBeDefined();
    }
  });

  it('is a 400 for what is no tag, and deletes nothing', async () => {
    for (const { fileId, etag } of await both()) {
      expect((await removeIf(fileId, etag.slice(1, -1))).status).toBe(400);
      expect(await storedAudioFile(scene.app, fileId)).toBeDefined();
    }
  });

  it('deletes or is changed, and never both, whoever comes first', async () => {
    for (let round = 0; round < 10; round++) {
      for (const { fileId, key, etag } of await both()) {
        const [removed, changed] = await Promise.all([removeIf(fileId, etag), change(fileId, 'Tuesday')]);
        const left = await storedAudioFile(scene.app, fileId);
        if (removed.status === 200) {
          expect([404, 409]).toContain(changed.status);
          expect(left).toBeUndefined();
        } else {
          expect([removed.status, changed.status]).toEqual([412, 200]);
          expect(left).toMatchObject({ title: 'Tuesday' });
          expect(await scene.bucket.get(key)).toBeDefined();
        }
      }
    }
  });

  it('is not undone by a change while the audio goes, and finishes where it stopped', async () => {
    const [kept] = await both();
    const { fileId, key, etag } = kept as { fileId: string; key: string; etag: string };
    const instance = `/api/audio-file/${fileId}`;
    let changed: unknown;
    scene.stub.behave(async ({ operation }) => {
      if (operation === 'DeleteObject' && changed === undefined) {
        const answer = await change(fileId, 'Tuesday');
        changed = answer.status;
        expectProblem(answer, { status: 409, detail: 'The audio file is being deleted', instance });
      }
      return 'cut' as const;
    });
    await removeIf(fileId, etag).expect(503);
    expect(changed).toBe(409);
    expect(await scene.bucket.get(key)).toBeDefined();
    expect(await etagOf(fileId)).toBe(etag);
    scene.stub.behave(() => 'forward');
    expect((await removeIf(fileId, etag).expect(200)).body).toEqual(GONE);
    expect(await scene.bucket.get(key)).toBeUndefined();
    expect(await storedAudioFile(scene.app, fileId)).toBeUndefined();
  });

  it('is not completed any more once its deletion has begun', async () => {
    const { file_id: fileId, upload } = await createUpload(scene.app, scene.ada);
    await send(upload);
    const etag = await etagOf(fileId);
    scene.stub.behave(({ operation }) => (operation === 'DeleteObject' ? 'cut' : 'forward'));
    await removeIf(fileId, etag).expect(503);
    const instance = `/api/audio-file/${fileId}/complete`;
    const answer = await scene.app.http.post(instance).set(scene.ada.authorization);
    expectProblem(answer, { status: 409, detail: 'The audio file is being deleted', instance });
    scene.stub.behave(() => 'forward');
    await scene.remove(fileId).expect(200);
  });

  it('is a 404 or 403 where it would be without', async () => {
    const { file_id: fileId } = await createUpload(scene.app, scene.ada);
    const eve = await registerAccount(scene.app);
    await scene.remove(fileId, eve).set('If-Match', '"x"').expect(403);
    await removeIf(randomUUID(), '"x"').expect(404);
    await scene.remove(fileId).expect(200);
  });
});
