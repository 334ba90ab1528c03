import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Metrics } from '../../src/metrics/metrics.js';
import type { PrometheusMetrics } from '../../src/metrics/prometheus-metrics.js';
import { serviceVersion } from '../../src/metrics/version.js';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { added, inFlight, samplesOf, settled, sum } from '../support/metric-samples.js';
import { createUpload } from '../support/uploads.js';
import { aroundCalls } from '../support/database-calls.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const REQUESTS = 'http_request_duration_seconds_count';

describe('metrics', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ METRICS_PORT: '0', RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '1000' });
    ada = await registerAccount(app);
    await list().expect(200);
  });

  afterAll(() => app.close());

  const list = () => app.http.get('/api/user/audio-files').set(ada.authorization);
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
    const metrics = app.app.get<PrometheusMetrics>(Metrics);
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
      aroundCalls(app, (call, send) => {
        asked.push(call.input['ReturnConsumedCapacity']);
        return send(call.input);
      });
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
