import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAudioFile, registerAccount } from '../support/accounts.js';
import { CacheScene } from '../support/cache-scene.js';
import { aroundCalls } from '../support/database-calls.js';
import { describeWithRedis } from '../support/redis.js';
import { createUpload, send } from '../support/uploads.js';
import type { TestApp } from '../support/test-app.js';

/** Holds the next answer to a read back at an instance, which has then seen what was there before. */
type HoldRead = () => { arrived: Promise<void>; release: () => void };

function holdReadsOf(app: TestApp): HoldRead {
  let hold: (() => Promise<void>) | undefined;
  aroundCalls(app, async ({ command, input }, send) => {
    const output = await send(input);
    if (command === 'GetCommand') {
      const held = hold;
      hold = undefined;
      await held?.();
    }
    return output;
  });
  return () => {
    let [arrive, release] = [() => undefined as void, () => undefined as void];
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    hold = () => {
      arrive();
      return released;
    };
    return { arrived, release: () => release() };
  };
}

describeWithRedis('A write with CACHE=on', () => {
  let scene: CacheScene;
  let holdAtOne: HoldRead;
  let holdAtTwo: HoldRead;

  beforeAll(async () => {
    scene = await CacheScene.start();
    [holdAtOne, holdAtTwo] = [holdReadsOf(scene.one), holdReadsOf(scene.two)];
  });

  afterAll(() => scene.close());

  beforeEach(() => scene.stub.behave(() => 'forward'));
  afterEach(() => scene.stub.behave(() => 'forward'));

  describe('shows to the next reader, on either instance,', () => {
    const readers = [
      ['the same', () => scene.one],
      ['the other', () => scene.two],
    ] as const;

    it.each(readers)('a change, on %s', async (_which, reader) => {
      const fileId = await scene.cachedRecord();
      for (const title of ['Tuesday', 'Wednesday', 'Thursday']) {
        await scene.patch(scene.one, fileId, title).expect(200);
        expect(await scene.titleAt(reader(), fileId)).toBe(title);
      }
    });

    it.each(readers)('a change of which the answer was lost, on %s', async (_which, reader) => {
      const fileId = await scene.cachedRecord();
      scene.stub.behave(({ operation }) => (operation === 'UpdateItem' ? 'forward-then-cut' : 'forward'));
      const { status } = await scene.patch(scene.one, fileId, 'Tuesday');
      expect([200, 503]).toContain(status);
      scene.stub.behave(() => 'forward');
      expect(await scene.titleAt(reader(), fileId)).toBe('Tuesday');
    });

    it.each(readers)('that an upload is complete, on %s', async (_which, reader) => {
      const { file_id: fileId, upload } = await createUpload(scene.one, scene.ada);
      expect((await scene.get(reader(), fileId).expect(200)).body.status).toBe('pending');
      await send(upload);
      await scene.one.http
        .post(`/api/audio-file/${fileId}/complete`)
        .set(scene.ada.authorization)
        .expect(200);
      expect((await scene.get(reader(), fileId).expect(200)).body.status).toBe('ready');
    });

    it.each(readers)('that it is deleted, on %s', async (_which, reader) => {
      const fileId = await scene.cachedRecord();
      await scene.remove(scene.one, fileId).expect(200);
      await scene.get(reader(), fileId).expect(404);
    });

    it.each(readers)('that it is deleted with others, on %s', async (_which, reader) => {
      const ids = [await scene.cachedRecord(), await scene.cachedRecord()];
      const path = '/api/user/audio-files/batch-delete';
      await scene.one.http.post(path).set(scene.ada.authorization).send({ file_ids: ids }).expect(200);
      for (const fileId of ids) await scene.get(reader(), fileId).expect(404);
    });

    it('that its owner is gone', async () => {
      const bob = await registerAccount(scene.one);
      const { file_id: fileId } = await createAudioFile(scene.one, bob);
      await scene.get(scene.one, fileId, bob).expect(200);
      await scene.one.http
        .delete('/api/user')
        .set(bob.authorization)
        .send({ password: bob.password })
        .expect(200);
      expect(await scene.client.exists(scene.keyOf(fileId))).toBe(0);
      await scene.get(scene.one, fileId, scene.ada).expect(404);
      await scene.get(scene.two, fileId, scene.ada).expect(404);
    });

    it('that one is there again under the same id', async () => {
      const create = () =>
        scene.one.http
          .post('/api/audio-file')
          .set({ ...scene.ada.authorization, 'Idempotency-Key': 'again' })
          .send({ s3_key: 'recordings/a.m4a' });
      const { file_id: fileId } = (await create().expect(201)).body as { file_id: string };
      await scene.get(scene.two, fileId).expect(200);
      await scene.remove(scene.one, fileId).expect(200);
      await scene.get(scene.two, fileId).expect(404);
      await create().expect(201);
      await scene.get(scene.two, fileId).expect(200);
    });
  });

  describe('is not put back by a slow reader', () => {
    const places = [
      ['the instance that writes', () => ({ app: scene.one, hold: holdAtOne })],
      ['another instance', () => ({ app: scene.two, hold: holdAtTwo })],
    ] as const;
    /** Writes while a reader at the place has its answer from the database and does nothing with it yet. */
    async function writeDuringRead(
      { app, hold }: { app: TestApp; hold: HoldRead },
      fileId: string,
      write: () => PromiseLike<unknown>,
      meanwhile: () => PromiseLike<unknown> = () => Promise.resolve(),
    ): Promise<{ status: number; body: { title?: unknown } }> {
      const { arrived, release } = hold();
      const reading = scene.get(app, fileId).then((answer) => answer);
      try {
        await arrived;
        await write();
        await meanwhile();
      } finally {
        release();
      }
      return reading;
    }

    it.each(places)('after a change, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(scene.one, scene.ada, { title: 'Monday' });
      await writeDuringRead(place(), fileId, () => scene.patch(scene.one, fileId, 'Tuesday').expect(200));
      for (const app of [scene.one, scene.two]) expect(await scene.titleAt(app, fileId)).toBe('Tuesday');
    });

    it.each(places)('after a deletion, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(scene.one, scene.ada);
      await writeDuringRead(place(), fileId, () => scene.remove(scene.one, fileId).expect(200));
      expect(await scene.client.exists(scene.keyOf(fileId))).toBe(0);
      for (const app of [scene.one, scene.two]) await scene.get(app, fileId).expect(404);
    });

    it.each(places)('whom nobody who asks after the write joins, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(scene.one, scene.ada, { title: 'Monday' });
      let later: Promise<unknown> = Promise.resolve();
      await writeDuringRead(
        place(),
        fileId,
        () => scene.patch(scene.one, fileId, 'Tuesday').expect(200),
        async () => {
          later = scene.titleAt(place().app, fileId);
          // Long enough to have read, had it not joined the other one.
          await Promise.race([later, sleep(500)]);
        },
      );
      expect(await later).toBe('Tuesday');
    });

    it.each(places)('whom nobody who asks after the deletion joins, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(scene.one, scene.ada);
      let later: Promise<number> = Promise.resolve(0);
      await writeDuringRead(
        place(),
        fileId,
        () => scene.remove(scene.one, fileId).expect(200),
        async () => {
          later = scene.get(place().app, fileId).then(({ status }) => status);
          await Promise.race([later, sleep(500)]);
        },
      );
      expect(await later).toBe(404);
    });
  });
});
