import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { expectProblem } from '../support/problems.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import { createUpload, send } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const AWAY = 'redis is away; limits are counted by each instance, more tightly';
const LIFETIME_MS = 60_000;

/** Holds the next answer to a read back at an instance, which has then seen what was there before. */
type HoldRead = () => { arrived: Promise<void>; release: () => void };

function holdReadsOf({ app }: TestApp): HoldRead {
  let hold: (() => Promise<void>) | undefined;
  app.get(DynamoDBClient, { strict: false }).middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (context.commandName === 'GetItemCommand') {
        const held = hold;
        hold = undefined;
        await held?.();
      }
      return result;
    },
    { step: 'initialize', name: 'holdReads' },
  );
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

describeWithRedis('GET /api/audio-file/:file_id with CACHE=on', () => {
  let redis: TestRedis;
  let client: Redis;
  let stub: DatabaseStub;
  let one: TestApp;
  let two: TestApp;
  let ada: Account;
  let eve: Account;
  let holdAtOne: HoldRead;
  let holdAtTwo: HoldRead;

  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url, { lazyConnect: true });
    client.on('error', () => undefined);
    stub = await startDatabaseStub();
    const environment = { REDIS_URL: redis.url, CACHE: 'on', DYNAMODB_ENDPOINT: stub.endpoint };
    one = await startTestApp(environment);
    two = await startTestApp(environment, one);
    [holdAtOne, holdAtTwo] = [holdReadsOf(one), holdReadsOf(two)];
    [ada, eve] = [await registerAccount(one), await registerAccount(one)];
    // Their sessions are known to both from here on, so that a read is a read of the record.
    for (const app of [one, two]) for (const account of [ada, eve]) await list(app, account).expect(200);
  });

  afterAll(async () => {
    client.disconnect();
    await two.close();
    await one.close();
    await stub.close();
    await redis.close();
  });

  beforeEach(() => stub.behave(() => 'forward'));
  afterEach(() => stub.behave(() => 'forward'));

  const list = ({ http }: TestApp, { authorization }: Account) =>
    http.get('/api/user/audio-files').set(authorization);
  const get = ({ http }: TestApp, fileId: string, { authorization } = ada) =>
    http.get(`/api/audio-file/${fileId}`).set(authorization);
  const patch = ({ http }: TestApp, fileId: string, title: string) =>
    http.patch(`/api/audio-file/${fileId}`).set(ada.authorization).send({ title });
  const remove = ({ http }: TestApp, fileId: string) =>
    http.delete(`/api/audio-file/${fileId}`).set(ada.authorization);
  const keyOf = (fileId: string) =>
    `${one.config.aws.region}:${one.config.tables.audioFiles}:audio-file:{${fileId}}`;

  const titleAt = async (app: TestApp, fileId: string): Promise<unknown> =>
    (await get(app, fileId).expect(200)).body.title;

  /** A record that is in the cache. */
  async function cachedRecord(title = 'Monday'): Promise<string> {
    const { file_id: fileId } = await createAudioFile(one, ada, { title });
    await get(one, fileId).expect(200);
    expect(await client.exists(keyOf(fileId))).toBe(1);
    return fileId;
  }
  /** Reads of records at the database while `work` runs. */
  async function readsDuring(work: () => PromiseLike<unknown>): Promise<number> {
    stub.behave(() => 'forward');
    await work();
    return stub.calls.filter((operation) => operation === 'GetItem').length;
  }
  it('asks the database once, and answers the same from the cache, on either instance', async () => {
    const { file_id: fileId } = await createAudioFile(one, ada, { title: 'Monday', tags: ['a', 'ü'] });
    const first = await get(one, fileId).expect(200);
    const answers: { body: unknown; headers: Record<string, string> }[] = [];
    const reads = await readsDuring(async () => {
      for (const app of [one, two, one, two]) answers.push(await get(app, fileId).expect(200));
    });
    expect(reads).toBe(0);
    for (const { body, headers } of answers) {
      expect(body).toEqual(first.body);
      expect(headers['etag']).toBe(first.headers['etag']);
    }
  });

  it('serves HEAD and download addresses from the cache too', async () => {
    const { file_id: fileId, upload } = await createUpload(one, ada);
    await send(upload);
    await one.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization).expect(200);
    await get(one, fileId).expect(200);
    const reads = await readsDuring(async () => {
      await two.http.head(`/api/audio-file/${fileId}`).set(ada.authorization).expect(200);
      await two.http.get(`/api/audio-file/${fileId}/download-url`).set(ada.authorization).expect(200);
    });
    expect(reads).toBe(0);
  });

  it('gives nobody the record of somebody else, cached or not', async () => {
    const fileId = await cachedRecord();
    const denied = { status: 403, detail: 'Access denied', instance: `/api/audio-file/${fileId}` };
    for (const app of [one, two]) expectProblem(await get(app, fileId, eve), denied);
    const cold = (await createAudioFile(one, ada)).file_id;
    const [hers, his] = await Promise.all([get(one, cold, ada), get(one, cold, eve)]);
    expect([hers.status, his.status]).toEqual([200, 403]);
    expect(await readsDuring(() => get(two, cold, eve))).toBe(0);
  });

  it('keeps a record for a minute at most', async () => {
    const fileId = await cachedRecord();
    const left = await client.pttl(keyOf(fileId));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(LIFETIME_MS);
    await sleep(30);
    await get(one, fileId).expect(200);
    expect(await client.pttl(keyOf(fileId))).toBeLessThan(left);
    await client.pexpire(keyOf(fileId), 1);
    await sleep(10);
    expect(await readsDuring(() => get(one, fileId).expect(200))).toBe(1);
  });

  it('leaves nothing in Redis for ever', async () => {
    const fileId = await cachedRecord();
    await patch(one, fileId, 'Tuesday').expect(200);
    await get(one, fileId).expect(200);
    const keys = await client.keys(`*${fileId}*`);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(await client.ttl(key)).toBeGreaterThan(0);
  });

  it('reads once for twenty who ask at the same moment', async () => {
    const { file_id: fileId } = await createAudioFile(one, ada);
    const statuses: number[] = [];
    const reads = await readsDuring(async () => {
      const asking = Array.from({ length: 20 }, async () => statuses.push((await get(one, fileId)).status));
      await Promise.all(asking);
    });
    expect(statuses).toEqual(Array(20).fill(200));
    expect(reads).toBe(1);
  });

  it('tells all twenty where the database fails them, and asks again afterwards', async () => {
    const { file_id: fileId } = await createAudioFile(one, ada);
    stub.behave(({ operation }) => (operation === 'GetItem' ? { status: 500, body: '{}' } : 'forward'));
    const failed = await Promise.all(Array.from({ length: 20 }, async () => (await get(one, fileId)).status));
    expect(failed).toEqual(Array(20).fill(503));
    expect(await readsDuring(() => get(one, fileId).expect(200))).toBe(1);
  });

  it('remembers nothing that is not there', async () => {
    const fileId = randomUUID();
    expect(await readsDuring(() => get(one, fileId).expect(404))).toBe(1);
    expect(await readsDuring(() => get(one, fileId).expect(404))).toBe(1);
    expect(await client.exists(keyOf(fileId))).toBe(0);
  });

  describe('shows to the next reader, on either instance,', () => {
    const readers = [
      ['the same', () => one],
      ['the other', () => two],
    ] as const;

    it.each(readers)('a change, on %s', async (_which, reader) => {
      const fileId = await cachedRecord();
      for (const title of ['Tuesday', 'Wednesday', 'Thursday']) {
        await patch(one, fileId, title).expect(200);
        expect(await titleAt(reader(), fileId)).toBe(title);
      }
    });

    it.each(readers)('a change of which the answer was lost, on %s', async (_which, reader) => {
      const fileId = await cachedRecord();
      stub.behave(({ operation }) => (operation === 'UpdateItem' ? 'forward-then-cut' : 'forward'));
      const { status } = await patch(one, fileId, 'Tuesday');
      expect([200, 503]).toContain(status);
      stub.behave(() => 'forward');
      expect(await titleAt(reader(), fileId)).toBe('Tuesday');
    });

    it.each(readers)('that an upload is complete, on %s', async (_which, reader) => {
      const { file_id: fileId, upload } = await createUpload(one, ada);
      expect((await get(reader(), fileId).expect(200)).body.status).toBe('pending');
      await send(upload);
      await one.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization).expect(200);
      expect((await get(reader(), fileId).expect(200)).body.status).toBe('ready');
    });

    it.each(readers)('that it is deleted, on %s', async (_which, reader) => {
      const fileId = await cachedRecord();
      await remove(one, fileId).expect(200);
      await get(reader(), fileId).expect(404);
    });

    it.each(readers)('that it is deleted with others, on %s', async (_which, reader) => {
      const ids = [await cachedRecord(), await cachedRecord()];
      const path = '/api/user/audio-files/batch-delete';
      await one.http.post(path).set(ada.authorization).send({ file_ids: ids }).expect(200);
      for (const fileId of ids) await get(reader(), fileId).expect(404);
    });

    it('that its owner is gone', async () => {
      const bob = await registerAccount(one);
      const { file_id: fileId } = await createAudioFile(one, bob);
      await get(one, fileId, bob).expect(200);
      await one.http.delete('/api/user').set(bob.authorization).send({ password: bob.password }).expect(200);
      expect(await client.exists(keyOf(fileId))).toBe(0);
      await get(one, fileId, ada).expect(404);
      await get(two, fileId, ada).expect(404);
    });

    it('that one is there again under the same id', async () => {
      const create = () =>
        one.http
          .post('/api/audio-file')
          .set({ ...ada.authorization, 'Idempotency-Key': 'again' })
          .send({ s3_key: 'recordings/a.m4a' });
      const { file_id: fileId } = (await create().expect(201)).body as { file_id: string };
      await get(two, fileId).expect(200);
      await remove(one, fileId).expect(200);
      await get(two, fileId).expect(404);
      await create().expect(201);
      await get(two, fileId).expect(200);
    });
  });

  describe('is not put back by a slow reader', () => {
    const places = [
      ['the instance that writes', () => ({ app: one, hold: holdAtOne })],
      ['another instance', () => ({ app: two, hold: holdAtTwo })],
    ] as const;
    /** Writes while a reader at the place has its answer from the database and does nothing with it yet. */
    async function writeDuringRead(
      { app, hold }: { app: TestApp; hold: HoldRead },
      fileId: string,
      write: () => PromiseLike<unknown>,
      meanwhile: () => PromiseLike<unknown> = () => Promise.resolve(),
    ): Promise<{ status: number; body: { title?: unknown } }> {
      const { arrived, release } = hold();
      const reading = get(app, fileId).then((answer) => answer);
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
      const { file_id: fileId } = await createAudioFile(one, ada, { title: 'Monday' });
      await writeDuringRead(place(), fileId, () => patch(one, fileId, 'Tuesday').expect(200));
      for (const app of [one, two]) expect(await titleAt(app, fileId)).toBe('Tuesday');
    });

    it.each(places)('after a deletion, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(one, ada);
      await writeDuringRead(place(), fileId, () => remove(one, fileId).expect(200));
      expect(await client.exists(keyOf(fileId))).toBe(0);
      for (const app of [one, two]) await get(app, fileId).expect(404);
    });

    it.each(places)('whom nobody who asks after the write joins, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(one, ada, { title: 'Monday' });
      let later: Promise<unknown> = Promise.resolve();
      await writeDuringRead(
        place(),
        fileId,
        () => patch(one, fileId, 'Tuesday').expect(200),
        async () => {
          later = titleAt(place().app, fileId);
          // Long enough to have read, had it not joined the other one.
          await Promise.race([later, sleep(500)]);
        },
      );
      expect(await later).toBe('Tuesday');
    });

    it.each(places)('whom nobody who asks after the deletion joins, at %s', async (_where, place) => {
      const { file_id: fileId } = await createAudioFile(one, ada);
      let later: Promise<number> = Promise.resolve(0);
      await writeDuringRead(
        place(),
        fileId,
        () => remove(one, fileId).expect(200),
        async () => {
          later = get(place().app, fileId).then(({ status }) => status);
          await Promise.race([later, sleep(500)]);
        },
      );
      expect(await later).toBe(404);
    });
  });

  it('decides on changes and deletions by what the database has, not by the cache', async () => {
    const fileId = await cachedRecord();
    const { headers } = await get(one, fileId).expect(200);
    await client.set(keyOf(fileId), JSON.stringify({ fileId, ownerId: eve.userId, version: 7 }));
    const change = one.http.patch(`/api/audio-file/${fileId}`).set(ada.authorization);
    await change.set('If-Match', String(headers['etag'])).send({ title: 'Tuesday' }).expect(200);
    await remove(one, fileId).expect(200);
  });

  it('takes what it cannot read for nothing', async () => {
    const fileId = await cachedRecord();
    await client.set(keyOf(fileId), '{"fileId":');
    await get(one, fileId).expect(200);
  });

  it.each([
    ['stopped', (server: TestRedis) => server.stop(), (server: TestRedis) => server.start()],
    [
      'hanging',
      (server: TestRedis) => Promise.resolve(server.pause()),
      (server: TestRedis) => Promise.resolve(server.resume()),
    ],
  ])('is no cache and no error while Redis is %s, and one again afterwards', async (_how, stop, resume) => {
    const fileId = await cachedRecord();
    const known = one.logs.length;
    await stop(redis);
    try {
      for (let i = 0; i < 5; i++) await get(one, fileId).expect(200);
      await findLogLine(one, (line) => line.msg === AWAY && one.logs.indexOf(line) >= known);
      expect(await readsDuring(() => get(one, fileId).expect(200))).toBe(1);
      await patch(one, fileId, 'Tuesday').expect(200);
      expect(await titleAt(one, fileId)).toBe('Tuesday');
      await remove(one, fileId).expect(200);
      await get(one, fileId).expect(404);
    } finally {
      await resume(redis);
    }
    const { file_id: next } = await createAudioFile(one, ada);
    let reads = 1;
    for (const end = performance.now() + 15_000; reads > 0 && performance.now() < end; await sleep(50)) {
      reads = await readsDuring(() => get(one, next).expect(200));
    }
    expect(reads).toBe(0);
  });
});
