import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { createAudioFile } from '../support/accounts.js';
import { CacheScene } from '../support/cache-scene.js';
import { findLogLine } from '../support/log-lines.js';
import { expectProblem } from '../support/problems.js';
import { describeWithRedis, type TestRedis } from '../support/redis.js';
import { createUpload, send } from '../support/uploads.js';

const AWAY = 'redis is away; limits are counted by each instance, more tightly';
const LIFETIME_MS = 60_000;

describeWithRedis('GET /api/audio-file/:file_id with CACHE=on', () => {
  let scene: CacheScene;

  beforeAll(async () => {
    scene = await CacheScene.start();
  });

  afterAll(() => scene.close());

  beforeEach(() => scene.stub.behave(() => 'forward'));
  afterEach(() => scene.stub.behave(() => 'forward'));

  it('asks the database once, and answers the same from the cache, on either instance', async () => {
    const { file_id: fileId } = await createAudioFile(scene.one, scene.ada, {
      title: 'Monday',
      tags: ['a', 'ü'],
    });
    const first = await scene.get(scene.one, fileId).expect(200);
    const answers: { body: unknown; headers: Record<string, string> }[] = [];
    const reads = await scene.readsDuring(async () => {
      for (const app of [scene.one, scene.two, scene.one, scene.two])
        answers.push(await scene.get(app, fileId).expect(200));
    });
    expect(reads).toBe(0);
    for (const { body, headers } of answers) {
      expect(body).toEqual(first.body);
      expect(headers['etag']).toBe(first.headers['etag']);
    }
  });

  it('serves HEAD and download addresses from the cache too', async () => {
    const { file_id: fileId, upload } = await createUpload(scene.one, scene.ada);
    await send(upload);
    await scene.one.http.post(`/api/audio-file/${fileId}/complete`).set(scene.ada.authorization).expect(200);
    await scene.get(scene.one, fileId).expect(200);
    const reads = await scene.readsDuring(async () => {
      await scene.two.http.head(`/api/audio-file/${fileId}`).set(scene.ada.authorization).expect(200);
      await scene.two.http
        .get(`/api/audio-file/${fileId}/download-url`)
        .set(scene.ada.authorization)
        .expect(200);
    });
    expect(reads).toBe(0);
  });

  it('gives nobody the record of somebody else, cached or not', async () => {
    const fileId = await scene.cachedRecord();
    const denied = { status: 403, detail: 'Access denied', instance: `/api/audio-file/${fileId}` };
    for (const app of [scene.one, scene.two]) expectProblem(await scene.get(app, fileId, scene.eve), denied);
    const cold = (await createAudioFile(scene.one, scene.ada)).file_id;
    const [hers, his] = await Promise.all([
      scene.get(scene.one, cold, scene.ada),
      scene.get(scene.one, cold, scene.eve),
    ]);
    expect([hers.status, his.status]).toEqual([200, 403]);
    expect(await scene.readsDuring(() => scene.get(scene.two, cold, scene.eve))).toBe(0);
  });

  it('keeps a record for a minute at most', async () => {
    const fileId = await scene.cachedRecord();
    const left = await scene.client.pttl(scene.keyOf(fileId));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(LIFETIME_MS);
    await sleep(30);
    await scene.get(scene.one, fileId).expect(200);
    expect(await scene.client.pttl(scene.keyOf(fileId))).toBeLessThan(left);
    await scene.client.pexpire(scene.keyOf(fileId), 1);
    await sleep(10);
    expect(await scene.readsDuring(() => scene.get(scene.one, fileId).expect(200))).toBe(1);
  });

  it('leaves nothing in Redis for ever', async () => {
    const fileId = await scene.cachedRecord();
    await scene.patch(scene.one, fileId, 'Tuesday').expect(200);
    await scene.get(scene.one, fileId).expect(200);
    const keys = await scene.client.keys(`*${fileId}*`);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(await scene.client.ttl(key)).toBeGreaterThan(0);
  });

  it('reads once for twenty who ask at the same moment', async () => {
    const { file_id: fileId } = await createAudioFile(scene.one, scene.ada);
    const statuses: number[] = [];
    const reads = await scene.readsDuring(async () => {
      const asking = Array.from({ length: 20 }, async () =>
        statuses.push((await scene.get(scene.one, fileId)).status),
      );
      await Promise.all(asking);
    });
    expect(statuses).toEqual(Array(20).fill(200));
    expect(reads).toBe(1);
  });

  it('tells all twenty where the database fails them, and asks again afterwards', async () => {
    const { file_id: fileId } = await createAudioFile(scene.one, scene.ada);
    scene.stub.behave(({ operation }) => (operation === 'GetItem' ? { status: 500, body: '{}' } : 'forward'));
    const failed = await Promise.all(
      Array.from({ length: 20 }, async () => (await scene.get(scene.one, fileId)).status),
    );
    expect(failed).toEqual(Array(20).fill(503));
    expect(await scene.readsDuring(() => scene.get(scene.one, fileId).expect(200))).toBe(1);
  });

  it('remembers nothing that is not there', async () => {
    const fileId = randomUUID();
    expect(await scene.readsDuring(() => scene.get(scene.one, fileId).expect(404))).toBe(1);
    expect(await scene.readsDuring(() => scene.get(scene.one, fileId).expect(404))).toBe(1);
    expect(await scene.client.exists(scene.keyOf(fileId))).toBe(0);
  });

  it('decides on changes and deletions by what the database has, not by the cache', async () => {
    const fileId = await scene.cachedRecord();
    const { headers } = await scene.get(scene.one, fileId).expect(200);
    await scene.client.set(
      scene.keyOf(fileId),
      JSON.stringify({ fileId, ownerId: scene.eve.userId, version: 7 }),
    );
    const change = scene.one.http.patch(`/api/audio-file/${fileId}`).set(scene.ada.authorization);
    await change.set('If-Match', String(headers['etag'])).send({ title: 'Tuesday' }).expect(200);
    await scene.remove(scene.one, fileId).expect(200);
  });

  it('takes what it cannot read for nothing', async () => {
    const fileId = await scene.cachedRecord();
    await scene.client.set(scene.keyOf(fileId), '{"fileId":');
    await scene.get(scene.one, fileId).expect(200);
  });

  it.each([
    ['stopped', (server: TestRedis) => server.stop(), (server: TestRedis) => server.start()],
    [
      'hanging',
      (server: TestRedis) => Promise.resolve(server.pause()),
      (server: TestRedis) => Promise.resolve(server.resume()),
    ],
  ])('is no cache and no error while Redis is %s, and one again afterwards', async (_how, stop, resume) => {
    const fileId = await scene.cachedRecord();
    const known = scene.one.logs.length;
    await stop(scene.redis);
    try {
      for (let i = 0; i < 5; i++) await scene.get(scene.one, fileId).expect(200);
      await findLogLine(scene.one, (line) => line.msg === AWAY && scene.one.logs.indexOf(line) >= known);
      expect(await scene.readsDuring(() => scene.get(scene.one, fileId).expect(200))).toBe(1);
      await scene.patch(scene.one, fileId, 'Tuesday').expect(200);
      expect(await scene.titleAt(scene.one, fileId)).toBe('Tuesday');
      await scene.remove(scene.one, fileId).expect(200);
      await scene.get(scene.one, fileId).expect(404);
    } finally {
      await resume(scene.redis);
    }
    const { file_id: next } = await createAudioFile(scene.one, scene.ada);
    let reads = 1;
    for (const end = performance.now() + 15_000; reads > 0 && performance.now() < end; await sleep(50)) {
      reads = await scene.readsDuring(() => scene.get(scene.one, next).expect(200));
    }
    expect(reads).toBe(0);
  });
});
