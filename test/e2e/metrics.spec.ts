import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/metrics.js';
import { serviceVersion } from '../../src/metrics/version.js';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { engine } from '../support/engine.js';
import { createUpload, send } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIST = '/api/user/audio-files';
const countsUnits = engine().kind === 'embedded';

interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** Every number that Prometheus would read now. */
async function samplesOf({ app }: TestApp): Promise<Sample[]> {
  const text = await app.get(Metrics).registry.metrics();
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}

/** The sum of the samples that have all these labels. */
function sum(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((total, { value }) => total + value, 0);
}

const inFlight = (samples: readonly Sample[]) => sum(samples, 'http_requests_in_flight');

/** The numbers when every request has been counted: a client has its answer a moment earlier. */
async function settled(app: TestApp): Promise<Sample[]> {
  for (const end = performance.now() + 5000; performance.now() < end; await sleep(5)) {
    const samples = await samplesOf(app);
    if (inFlight(samples) === 0) return samples;
  }
  throw new Error('There are still requests in flight');
}

/** What `work` added. */
async function added(
  app: TestApp,
  work: () => PromiseLike<unknown>,
): Promise<(name: string, labels?: Record<string, string>) => number> {
  const before = await settled(app);
  await work();
  const after = await settled(app);
  return (name, labels = {}) => sum(after, name, labels) - sum(before, name, labels);
}

const REQUESTS = 'http_request_duration_seconds_count';
const CALLS = 'dynamodb_call_duration_seconds_count';
const UNITS = 'dynamodb_consumed_units_total';
const ACTIVITIES = 'activity_total';

describe('metrics', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ METRICS_PORT: '0', RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '1000' });
    ada = await registerAccount(app);
    await list().expect(200);
  });

  afterAll(() => app.close());

  const list = (account = ada) => app.http.get(LIST).set(account.authorization);
  const get = (fileId: string, account = ada) =>
    app.http.get(`/api/audio-file/${fileId}`).set(account.authorization);

  it('count requests by method, template of the route and status', async () => {
    const { file_id: fileId } = await createAudioFile(app, ada);
    const counted = await added(app, async () => {
      for (let i = 0; i < 3; i++) await get(fileId).expect(200);
      await get(randomUUID()).expect(404);
      await app.http.get(`/api/audio-file/${fileId}`).expect(401);
      await app.http.delete(`/api/audio-file/${fileId}`).set(ada.authorization).expect(200);
    });
    const route = '/api/audio-file/:file_id';
    expect(counted(REQUESTS, { method: 'GET', route, status: '200' })).toBe(3);
    expect(counted(REQUESTS, { method: 'GET', route, status: '404' })).toBe(1);
    expect(counted(REQUESTS, { method: 'GET', route, status: '401' })).toBe(1);
    expect(counted(REQUESTS, { method: 'DELETE', route, status: '200' })).toBe(1);
    expect(counted(REQUESTS)).toBe(6);
    expect(counted('http_request_duration_seconds_bucket', { le: '+Inf' })).toBe(6);
    expect(counted('http_request_duration_seconds_sum')).toBeGreaterThan(0);
  });

  it('count what has no route, and what ends before its route, under names that clients cannot choose', async () => {
    const secret = randomUUID();
    const counted = await added(app, async () => {
      await app.http.get(`/api/${secret}`).expect(404);
      await app.http.get(`/%zz-${secret}`);
      await app.http.post('/api/login').set('Content-Type', 'application/json').send('{').expect(400);
      await app.http.put('/api/login').send({}).expect(405);
    });
    expect(counted(REQUESTS, { route: 'unmatched' })).toBe(2);
    expect(counted(REQUESTS, { route: '/api/login', status: '400' })).toBe(1);
    expect(counted(REQUESTS, { route: '/api/login', status: '405' })).toBe(1);
  });

  it('keep methods that clients make up out of the labels', async () => {
    const methods = new Set<string>();
    for (const method of ['SEARCH', 'MKCOL', 'REPORT', 'UNLOCK', 'M-SEARCH']) {
      await fetch(`${app.url}/api/login`, { method });
    }
    for (const { name, labels } of await settled(app)) {
      if (name === REQUESTS) methods.add(labels['method'] ?? '');
    }
    // Node parses some thirty methods, and nothing else: the number of time series is bounded.
    expect(methods.size).toBeLessThan(35);
  });

  it('have no id, email, key or address in any label', async () => {
    const { file_id: fileId, s3_key: key } = await createUpload(app, ada);
    await get(fileId).expect(200);
    await app.http.get(`/api/presigned-url?key=${encodeURIComponent(key)}`).set(ada.authorization);
    await app.http.post('/api/login').send({ email: ada.email, password: 'wrong password' });
    await app.http.get(`/api/audio-file/${ada.email}`).set(ada.authorization);
    await app.http.get(`/api/${encodeURIComponent(ada.email)}`).set('X-Request-Id', ada.userId);
    const samples = await settled(app);
    const labels = samples.flatMap((sample) => Object.values(sample.labels)).join('\n');
    for (const secret of [ada.userId, ada.email, fileId, key, '127.0.0.1', ada.token]) {
      expect(labels).not.toContain(secret);
    }
    const { audioFiles, sessions, users } = app.config.tables;
    const known = labels.replaceAll(audioFiles, '').replaceAll(sessions, '').replaceAll(users, '');
    expect(known).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|@/);
  });

  it('show a request while it is served', async () => {
    const metrics = app.app.get(Metrics);
    await settled(app);
    const reading = list().then(({ status }) => status);
    let most = 0;
    for (let turns = 0; most === 0 && turns < 2000; turns++) {
      most = Math.max(most, inFlight(await samplesOf(app)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBe(1);
    expect(await reading).toBe(200);
    expect(inFlight(await settled(app))).toBe(0);
    expect(metrics.registry.getSingleMetric('http_requests_in_flight')).toBeDefined();
  });

  (countsUnits ? it : it.skip)('count the calls to DynamoDB and what they consumed', async () => {
    const { users, audioFiles, sessions } = app.config.tables;
    const work = {
      register: await added(app, () => registerAccount(app)),
      login: await added(app, () => signIn(app, ada)),
      create: await added(app, () => createAudioFile(app, ada)),
    };
    const units = (of: keyof typeof work) =>
      ['read', 'write'].map((kind) => work[of](UNITS, { kind })).map((value) => Math.round(value * 10) / 10);
    expect(units('register')).toEqual([0.5, 7]);
    expect(units('login')).toEqual([1.5, 2]);
    expect(units('create')).toEqual([2, 2]);
    // One call reads account and session.
    for (const table of [users, sessions]) {
      expect(work.create(UNITS, { table, operation: 'BatchGetItem', kind: 'read' })).toBe(1);
    }
    const { file_id: fileId } = await createAudioFile(app, ada);
    const got = await added(app, () => get(fileId).expect(200));
    expect(got(UNITS, { table: audioFiles, operation: 'GetItem', kind: 'read' })).toBe(1);
    expect(got(UNITS)).toBe(1);
    const gone = await added(app, () =>
      app.http.delete(`/api/audio-file/${fileId}`).set(ada.authorization).expect(200),
    );
    expect(gone(UNITS, { table: audioFiles, operation: 'GetItem', kind: 'read' })).toBe(1);
    expect(gone(UNITS, { table: audioFiles, operation: 'DeleteItem', kind: 'write' })).toBe(2);
    expect(gone(UNITS)).toBe(5);
    expect(gone('dynamodb_attempts_total')).toBe(3);
    expect(work.register(CALLS, { table: users, operation: 'TransactWriteItems', outcome: 'ok' })).toBe(1);
    expect(work.register(CALLS, { table: sessions, outcome: 'ok' })).toBeGreaterThan(0);
    expect(work.create(CALLS, { table: audioFiles, operation: 'PutItem', outcome: 'ok' })).toBe(1);
    expect(work.create(CALLS)).toBe(2);
  });

  it('tell calls that were refused from those that failed', async () => {
    const fields = { s3_key: 'recordings/a.m4a' };
    const create = () =>
      app.http.post('/api/audio-file').set(ada.authorization).set('Idempotency-Key', 'the same').send(fields);
    await create().expect(201);
    const counted = await added(app, () => create());
    expect(counted(CALLS, { operation: 'PutItem', outcome: 'refused' })).toBe(1);
    expect(counted(CALLS, { outcome: 'failed' })).toBe(0);
  });

  it('count calls to S3 by operation, how they ended and how long they took', async () => {
    const { file_id: fileId, upload } = await createUpload(app, ada);
    const calls = 's3_call_duration_seconds_count';
    const complete = () =>
      app.http
        .post(`/api/audio-file/${fileId}/complete`)
        .set(ada.authorization)
        .then(() => undefined);
    await send(upload);
    const ok = await added(app, complete);
    expect([ok(calls), ok(calls, { operation: 'HeadObject', outcome: 'ok' })]).toEqual([1, 1]);
    expect(ok('s3_call_duration_seconds_sum', { operation: 'HeadObject' })).toBeGreaterThan(0);
    const unbucketed = await startTestApp({ METRICS_PORT: '0', AWS_S3_BUCKET_NAME: 'no-such-bucket' }, app);
    const other = await createUpload(app, ada);
    const failed = await added(unbucketed, () =>
      unbucketed.http.post(`/api/audio-file/${other.file_id}/complete`).set(ada.authorization).expect(503),
    );
    expect(failed(calls, { operation: 'HeadObject', outcome: 'failed' })).toBe(1);
    await unbucketed.close();
  });

  it('count waits for a turn to hash', async () => {
    const counted = await added(app, async () => {
      await registerAccount(app);
      await signIn(app, ada);
    });
    expect(counted('password_hash_wait_seconds_count')).toBe(2);
    expect(sum(await settled(app), 'password_hash_queue_depth')).toBe(0);
  });

  it('count what people did', async () => {
    const counts = async (work: () => PromiseLike<unknown>) => {
      const counted = await added(app, work);
      const activities = (await samplesOf(app)).filter(({ name }) => name === ACTIVITIES);
      return Object.fromEntries(
        activities
          .map(({ labels }) => [labels['activity'], counted(ACTIVITIES, labels)] as const)
          .filter(([, count]) => count > 0),
      );
    };
    let bob = ada;
    expect(await counts(async () => (bob = await registerAccount(app)))).toEqual({ registration: 1 });
    expect(await counts(() => signIn(app, bob))).toEqual({ login: 1 });
    let record: { file_id: string; upload: Parameters<typeof send>[0] } | undefined;
    expect(await counts(async () => (record = await createUpload(app, bob)))).toEqual({
      'audio-file-created': 1,
    });
    if (!record) throw new Error('No record');
    const { file_id: fileId, upload } = record;
    const complete = () => app.http.post(`/api/audio-file/${fileId}/complete`).set(bob.authorization);
    expect(await counts(() => complete().expect(409))).toEqual({});
    expect(await send(upload)).toBe(200);
    expect(await counts(() => complete().expect(200))).toEqual({ 'upload-completed': 1 });
    expect(await counts(() => complete().expect(200))).toEqual({});
    const download = () => app.http.get(`/api/audio-file/${fileId}/download-url`).set(bob.authorization);
    expect(await counts(() => download().expect(200))).toEqual({ download: 1 });
    const remove = () => app.http.delete(`/api/audio-file/${fileId}`).set(bob.authorization);
    expect(await counts(() => remove().expect(200))).toEqual({ 'audio-file-deleted': 1 });
    expect(await counts(() => remove().expect(404))).toEqual({});
    const leave = () => app.http.delete('/api/user').set(bob.authorization).send({ password: bob.password });
    expect(await counts(() => leave().expect(200))).toEqual({ 'account-deleted': 1 });
    const wrong = { email: ada.email, password: 'wrong password' };
    expect(await counts(() => app.http.post('/api/login').send(wrong).expect(401))).toEqual({});
  });

  it('count each of many records made and deleted at once', async () => {
    const path = '/api/user/audio-files';
    const items = Array.from({ length: 3 }, (_, i) => ({ s3_key: `recordings/${i}.m4a` }));
    let ids: string[] = [];
    const created = await added(app, async () => {
      const { body } = await app.http.post(`${path}/batch-create`).set(ada.authorization).send({ items });
      ids = (body.results as { audio_file: { file_id: string } }[]).map(
        ({ audio_file: file }) => file.file_id,
      );
    });
    expect(created(ACTIVITIES, { activity: 'audio-file-created' })).toBe(3);
    const deleted = await added(app, () =>
      app.http.post(`${path}/batch-delete`).set(ada.authorization).send({ file_ids: ids }),
    );
    expect(deleted(ACTIVITIES, { activity: 'audio-file-deleted' })).toBe(3);
  });

  it('count the users of today, whoever proved to be one', async () => {
    const before = sum(await settled(app), 'active_users_today');
    const [bob, eve] = [await registerAccount(app), await registerAccount(app)];
    for (const account of [bob, eve, bob, ada]) await list(account).expect(200);
    await app.http.get(LIST).set('Authorization', `Bearer ${bob.token}x`).expect(401);
    expect(sum(await settled(app), 'active_users_today')).toBe(before + 2);
  });

  it('count requests over a limit, by the name of the limit', async () => {
    const login = () =>
      app.http.post('/api/login').send({ email: `${randomUUID()}@example.com`, password: 'wrong' });
    const counted = await added(app, async () => {
      for (let i = 0; i < 15; i++) await login();
    });
    const refused = counted(REQUESTS, { route: '/api/login', status: '429' });
    expect(refused).toBeGreaterThan(0);
    expect(counted('limit_refusals_total', { limit: 'login' })).toBe(refused);
  });

  it('tell what runs', async () => {
    const builds = (await samplesOf(app)).filter(({ name }) => name === 'build_info');
    expect(builds).toEqual([
      { name: 'build_info', labels: { version: serviceVersion(), node: process.version }, value: 1 },
    ]);
  });

  it('tell of the process itself', async () => {
    const samples = await samplesOf(app);
    for (const name of [
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
      'process_start_time_seconds',
    ]) {
      expect(sum(samples, name)).toBeGreaterThan(0);
    }
    const names = samples.map(({ name }) => name);
    for (const name of ['nodejs_eventloop_lag_seconds', 'nodejs_heap_size_used_bytes']) {
      expect(names).toContain(name);
    }
  });
});

describe('metrics of guesses', () => {
  it('count those that were delayed as well', async () => {
    const app = await startTestApp({ METRICS_PORT: '0', RATE_LIMIT: 'on', RATE_LIMIT_LOGIN: '1000' });
    try {
      const { email } = await registerAccount(app);
      const statuses: number[] = [];
      for (let i = 0; i < 8; i++) {
        statuses.push((await app.http.post('/api/login').send({ email, password: 'wrong password' })).status);
      }
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      expect(sum(await settled(app), 'limit_refusals_total')).toBe(3);
    } finally {
      await app.close();
    }
  });
});

describe('without METRICS_PORT', () => {
  it('nothing is counted, and DynamoDB is not asked what it consumed', async () => {
    const app = await startTestApp();
    try {
      expect(app.app.get<Metrics | undefined>(Metrics)).toBeUndefined();
      const asked: unknown[] = [];
      app.app.get(DynamoDBClient, { strict: false }).middlewareStack.add(
        (next) => (args) => {
          asked.push((args.input as { ReturnConsumedCapacity?: string }).ReturnConsumedCapacity);
          return next(args);
        },
        { step: 'initialize', name: 'inputs' },
      );
      const account = await registerAccount(app);
      const { file_id: fileId } = await createAudioFile(app, account);
      await app.http.get(`/api/audio-file/${fileId}`).set(account.authorization).expect(200);
      expect(asked.length).toBeGreaterThan(4);
      expect(new Set(asked)).toEqual(new Set([undefined]));
    } finally {
      await app.close();
    }
  });
});
