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

  describe('with If-Match', () => {
    const CHANGED = { status: 412, detail: 'The record was changed meanwhile' };
    const removeIf = (fileId: string, tag: string) => remove(fileId).set('If-Match', tag);
    const change = (fileId: string, title: string) =>
      app.http.patch(`/api/audio-file/${fileId}`).set(ada.authorization).send({ title });
    const etagOf = async (fileId: string) => {
      const { headers } = await app.http.get(`/api/audio-file/${fileId}`).set(ada.authorization).expect(200);
      return headers['etag'] as string;
    };
    /** A record whose audio is kept here, and one whose audio is not, with the tag it has. */
    async function both(): Promise<{ fileId: string; key: string; etag: string }[]> {
      const kept = await createUpload(app, ada);
      await send(kept.upload);
      await app.http.post(`/api/audio-file/${kept.file_id}/complete`).set(ada.authorization).expect(200);
      const key = `recordings/${randomUUID()}.m4a`;
      await bucket.put(key, 'not kept');
      const other = await createAudioFile(app, ada, { s3_key: key });
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
          expect(await storedAudioFile(app, fileId)).toBeUndefined();
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
        const before = await storedAudioFile(app, fileId);
        stub.behave(() => 'forward');
        const answer = await removeIf(fileId, tagOf(etag));
        expectProblem(answer, { ...CHANGED, instance: `/api/audio-file/${fileId}` });
        expect(stub.calls).toEqual([]);
        expect(await storedAudioFile(app, fileId)).toEqual(before);
        expect(await bucket.get(key)).toBeDefined();
      }
    });

    it('is a 400 for what is no tag, and deletes nothing', async () => {
      for (const { fileId, etag } of await both()) {
        expect((await removeIf(fileId, etag.slice(1, -1))).status).toBe(400);
        expect(await storedAudioFile(app, fileId)).toBeDefined();
      }
    });

    it('deletes or is changed, and never both, whoever comes first', async () => {
      for (let round = 0; round < 10; round++) {
        for (const { fileId, key, etag } of await both()) {
          const [removed, changed] = await Promise.all([removeIf(fileId, etag), change(fileId, 'Tuesday')]);
          const left = await storedAudioFile(app, fileId);
          if (removed.status === 200) {
            expect([404, 409]).toContain(changed.status);
            expect(left).toBeUndefined();
          } else {
            expect([removed.status, changed.status]).toEqual([412, 200]);
            expect(left).toMatchObject({ title: 'Tuesday' });
            expect(await bucket.get(key)).toBeDefined();
          }
        }
      }
    });

    it('is not undone by a change while the audio goes, and finishes where it stopped', async () => {
      const [kept] = await both();
      const { fileId, key, etag } = kept as { fileId: string; key: string; etag: string };
      const instance = `/api/audio-file/${fileId}`;
      let changed: unknown;
      stub.behave(async ({ operation }) => {
        if (operation === 'DeleteObject' && changed === undefined) {
          const answer = await change(fileId, 'Tuesday');
          changed = answer.status;
          expectProblem(answer, { status: 409, detail: 'The audio file is being deleted', instance });
        }
        return 'cut' as const;
      });
      await removeIf(fileId, etag).expect(503);
      expect(changed).toBe(409);
      expect(await bucket.get(key)).toBeDefined();
      expect(await etagOf(fileId)).toBe(etag);
      stub.behave(() => 'forward');
      expect((await removeIf(fileId, etag).expect(200)).body).toEqual(GONE);
      expect(await bucket.get(key)).toBeUndefined();
      expect(await storedAudioFile(app, fileId)).toBeUndefined();
    });

    it('is not completed any more once its deletion has begun', async () => {
      const { file_id: fileId, upload } = await createUpload(app, ada);
      await send(upload);
      const etag = await etagOf(fileId);
      stub.behave(({ operation }) => (operation === 'DeleteObject' ? 'cut' : 'forward'));
      await removeIf(fileId, etag).expect(503);
      const instance = `/api/audio-file/${fileId}/complete`;
      const answer = await app.http.post(instance).set(ada.authorization);
      expectProblem(answer, { status: 409, detail: 'The audio file is being deleted', instance });
      stub.behave(() => 'forward');
      await remove(fileId).expect(200);
    });

    it('is a 404 or 403 where it would be without', async () => {
      const { file_id: fileId } = await createUpload(app, ada);
      const eve = await registerAccount(app);
      await remove(fileId, eve).set('If-Match', '"x"').expect(403);
      await removeIf(randomUUID(), '"x"').expect(404);
      await remove(fileId).expect(200);
    });
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
