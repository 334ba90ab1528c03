import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { type Reply, send } from './support/client.js';
import { report, seconds, timed } from './support/report.js';
import { startProxy } from './support/proxy.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

const CLIENTS = 40;
/** Each takes 7 s. */
const RUNS = process.env['NIGHTLY'] === undefined ? 5 : 20;
const EXIT_LIMIT_MS = 10_000;

interface Run {
  readonly answered: number;
  readonly lost: readonly string[];
  readonly code: number | null;
  readonly exitMs: number;
}

describe('SIGTERM', () => {
  let tables: Tables;

  beforeAll(async () => {
    adoptNativeErrors();
    tables = await createTables();
  });

  afterAll(() => tables.delete());

  /** Keeps a service busy, ends it, and tells what its clients saw until it was gone. */
  async function run(): Promise<Run> {
    // The default, which the other faults shorten.
    const service = await startService(tables, { SHUTDOWN_GRACE_MS: '1000' });
    const { authorization } = await registerAccount(service);
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const lost: string[] = [];
    let answered = 0;
    const connected = new Set<number>();
    const client = async (n: number): Promise<void> => {
      // Reads and writes, so that requests wait for the database while the signal comes.
      const [path, sending] =
        n % 4 === 0
          ? ['/api/audio-file', { method: 'POST', body: { s3_key: 'a' } }]
          : ['/api/user/audio-files?limit=5', {}];
      for (;;) {
        const { status, error } = await send(`${service.url}${path}`, {
          ...sending,
          headers: authorization,
          agent,
        });
        if (error === 'ECONNREFUSED') return;
        if (status === 200 || status === 201) {
          answered++;
          connected.add(n);
        } else lost.push(error ?? String(status));
      }
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
    // Connections that nobody has accepted yet are not those of busy clients.
    for (const end = performance.now() + EXIT_LIMIT_MS; performance.now() < end; await sleep(20)) {
      if (connected.size === CLIENTS) break;
    }
    expect(connected.size).toBe(CLIENTS);
    const before = answered;
    service.kill('SIGTERM');
    const { result: code, ms: exitMs } = await timed(() => service.code);
    await clients;
    agent.destroy();
    expect(before).toBeGreaterThanOrEqual(CLIENTS);
    expect(answered).toBeGreaterThan(before);
    return { answered, lost, code, exitMs };
  }

  it('is not ready from then on, and alive while it serves on', async () => {
    const service = await startService(tables, { SHUTDOWN_GRACE_MS: '1000' });
    expect((await send(`${service.url}/api/health`)).status).toBe(200);
    service.kill('SIGTERM');
    let ready: Reply;
    do ready = await send(`${service.url}/api/health`);
    while (ready.status === 200);
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ status: 'unhealthy' });
    expect((await send(`${service.url}/api/health/live`)).status).toBe(200);
    expect(await service.code).toBe(0);
  });

  it('serves to the end of its grace, also where that is long', async () => {
    const grace = 10_000;
    const service = await startService(tables, {
      SHUTDOWN_GRACE_MS: String(grace),
      SHUTDOWN_DRAIN_MS: '5000',
    });
    const killed = performance.now();
    service.kill('SIGTERM');
    const statuses = new Set<number>();
    while (performance.now() - killed < grace - 300) {
      statuses.add((await send(`${service.url}/api/health/live`)).status);
      await sleep(50);
    }
    expect([...statuses]).toEqual([200]);
    expect(await service.code).toBe(0);
    expect(service.logs.map(({ msg }) => msg)).not.toContain('stopped with requests still open');
  }, 60_000);

  it('lets what is under way take its time: longer than nine seconds, up to SHUTDOWN_DRAIN_MS', async () => {
    const proxy = await startProxy(tables.config.database.endpoint ?? '');
    const environment = {
      DYNAMODB_ENDPOINT: proxy.endpoint,
      DATABASE_BUDGET_MS: '40000',
      CIRCUIT_PAUSE_MS: '0',
    };
    try {
      const [patient, hasty] = [
        await startService(tables, environment),
        await startService(tables, { ...environment, SHUTDOWN_DRAIN_MS: '1000' }),
      ];
      const { authorization } = await registerAccount(patient);
      await proxy.set('mute');
      const ask = ({ url }: Service) =>
        send(`${url}/api/user`, { headers: authorization, timeoutMs: 40_000 });
      const answers = [ask(patient), ask(hasty)] as const;
      while (proxy.held < 2) await sleep(20);
      patient.kill('SIGTERM');
      hasty.kill('SIGTERM');
      expect(await hasty.code).toBe(1);
      expect((await answers[1]).status).toBe(0);
      await sleep(9_500);
      expect(patient.running()).toBe(true);
      await proxy.set('pass');
      expect((await answers[0]).status).toBe(200);
      expect(await patient.code).toBe(0);
    } finally {
      await proxy.close();
    }
  }, 90_000);

  it('ends a worker that hangs with the others', async () => {
    const environment = { WORKERS: '2', SHUTDOWN_DRAIN_MS: '1000' };
    const service = await startService(tables, environment);
    while (service.logs.filter(({ msg }) => msg === 'listening').length < 2) await sleep(20);
    const children = readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8')
      .trim()
      .split(' ');
    const hung = Number(children[0]);
    process.kill(hung, 'SIGSTOP');
    service.kill('SIGTERM');
    expect(await service.code).toBe(1);
    expect(() => process.kill(hung, 0)).toThrow('ESRCH');
    expect(service.logs).toContainEqual(
      expect.objectContaining({ worker: hung, msg: 'a worker did not stop and is killed' }),
    );
  }, 60_000);

  it(
    `loses no request of ${CLIENTS} busy keep-alive clients, ${RUNS} times`,
    async () => {
      const runs: Run[] = [];
      for (let n = 0; n < RUNS; n++) runs.push(await run());
      expect(runs.flatMap(({ lost }) => lost)).toEqual([]);
      expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 0));
      const slowest = Math.max(...runs.map(({ exitMs }) => exitMs));
      expect(slowest).toBeLessThan(EXIT_LIMIT_MS);
      const requests = runs.reduce((sum, { answered }) => sum + answered, 0);
      report(
        'SIGTERM',
        `0 of ${requests} requests of ${CLIENTS} clients lost in ${RUNS} runs, ` +
          `exit code 0 within ${seconds(slowest)}`,
      );
    },
    RUNS * 30_000,
  );
});
