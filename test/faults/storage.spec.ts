import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { createUpload, type PendingRecord, send as upload } from '../support/uploads.js';
import { type ProxyMode, startStorageProxy } from './support/proxy.js';
import { report } from './support/report.js';
import {
  ask,
  createTables,
  health,
  type Service,
  startService,
  type Tables,
  untilStatus,
} from './support/service.js';

/** `STORAGE_BUDGET_MS`, and what a busy machine may add to it. */
const BUDGET_MS = 2000;
const SLACK_MS = 1500;

describe('S3', () => {
  let tables: Tables;
  let storage: Awaited<ReturnType<typeof startStorageProxy>>;
  let service: Service;
  let ada: Account;
  let pending: PendingRecord;

  beforeAll(async () => {
    [tables, storage] = await Promise.all([createTables(), startStorageProxy()]);
    service = await startService(tables, { S3_ENDPOINT: storage.endpoint });
    ada = await registerAccount(service);
  });

  beforeEach(async () => {
    await storage.set('pass');
    pending = await createUpload(service, ada);
    expect(await upload(pending.upload)).toBe(200);
  });

  afterAll(async () => {
    await service.stop();
    await storage.close();
    await tables.delete();
  });

  const complete = ({ file_id: fileId }: PendingRecord) =>
    service.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization);
  const remove = (fileId: string) => service.http.delete(`/api/audio-file/${fileId}`).set(ada.authorization);
  const record = (path: string) => service.http.get(`/api${path}`).set(ada.authorization);

  /** What has to do with S3, and what goes on without it. */
  async function answers(): Promise<{ with: number[]; without: number[]; slowest: number }> {
    const { file_id: foreign } = await createAudioFile(service, ada);
    const { file_id: id } = pending;
    // Whose deletion has begun may no longer add anything, so that account is another one.
    const leaving = await registerAccount(service);
    await createUpload(service, leaving);
    const needing = [
      () => complete(pending),
      () => remove(id),
      () => service.http.delete('/api/user').set(leaving.authorization).send({ password: leaving.password }),
    ];
    const others = [
      () => record('/user/audio-files'),
      () => record(`/audio-file/${id}`),
      () => service.http.patch(`/api/audio-file/${id}`).set(ada.authorization).send({ title: 'Monday' }),
      () => service.http.post('/api/login').send({ email: ada.email, password: ada.password }),
      () => record('/user'),
      // Its audio is not kept here.
      () => remove(foreign),
      // Addresses are made without asking.
      () => record(`/presigned-url?key=${encodeURIComponent(pending.s3_key)}`),
    ];
    const given = { with: [] as number[], without: [] as number[], slowest: 0 };
    for (const request of needing) {
      const { status, ms } = await ask(request());
      given.with.push(status);
      given.slowest = Math.max(given.slowest, ms);
    }
    for (const request of others) given.without.push((await ask(request())).status);
    return given;
  }

  it.each<[string, ProxyMode]>([
    ['refuses connections', 'refuse'],
    ['resets connections', 'reset'],
    ['ends connections', 'cut'],
    ['never answers', 'hang'],
    ['takes requests and never answers', 'mute'],
  ])(
    'that %s fails only what needs it, and nothing once it is back',
    async (how, mode) => {
      await storage.set(mode);
      const given = await answers();
      const healthy = await health(service);
      await storage.set('pass');
      // A deletion that was answered with 503 may have been done. An object that is still there is not replaced.
      expect([200, 412]).toContain(await upload(pending.upload));
      const back = await untilStatus(() => complete(pending), 200);
      report(
        `S3 ${how}`,
        `${given.with.join()} for what needs it, after at most ${given.slowest} ms; others ${given.without.join()}; ` +
          `health ${healthy.ready}; back after ${back} ms`,
      );
      expect(given.with).toEqual([503, 503, 503]);
      expect(given.without).toEqual([200, 200, 200, 200, 200, 200, 200]);
      expect(healthy).toEqual({ live: 200, ready: 200 });
      expect(given.slowest).toBeLessThan(BUDGET_MS + SLACK_MS);
      expect(back).toBeLessThan(5000);
      expect((await record(`/audio-file/${pending.file_id}`)).body).toMatchObject({ status: 'ready' });
    },
    60_000,
  );

  it('that is slow is waited for as long as one request may take', async () => {
    storage.behave(async () => {
      await sleep(300);
      return 'forward' as const;
    });
    const { status, ms } = await ask(complete(pending));
    storage.behave(() => 'forward');
    report('S3 answers 300 ms late', `${status} after ${ms} ms`);
    expect(status).toBe(200);
  });

  it('that never answers keeps nobody waiting for long once that is known', async () => {
    await storage.set('hang');
    const first = await Promise.all(Array.from({ length: 20 }, () => ask(complete(pending))));
    const later = await Promise.all(Array.from({ length: 20 }, () => ask(complete(pending))));
    await storage.set('pass');
    const back = await untilStatus(() => complete(pending), 200);
    const slowest = (answers: { ms: number }[]) => Math.max(...answers.map(({ ms }) => ms));
    const quick = later.filter(({ ms }) => ms < 1000).length;
    report(
      'S3 never answers, 20 at once',
      `503 after at most ${slowest(first)} ms, then ${quick} of 20 within a second; back after ${back} ms`,
    );
    expect([...first, ...later].map(({ status }) => status)).toEqual(Array(40).fill(503));
    expect(quick).toBeGreaterThanOrEqual(18);
  }, 30_000);
});
