import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { send } from './support/client.js';
import { report, seconds, timed } from './support/report.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

const WORKERS = 2;
const CLIENTS = 20;
const LIMIT_MS = 10_000;
/** From the death of a worker until its successor serves. */
const REPLACED_MS = 5000;
/** After 15 s without a word a worker is killed; then comes the next check, and the start of another. */
const HUNG_LIMIT_MS = 60_000;
const NOT_STARTED = 'a worker could not be started; trying again';

describe(`a service of ${WORKERS} workers`, () => {
  let tables: Tables;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    tables = await createTables();
    service = await startService(tables, { WORKERS: String(WORKERS), METRICS_PORT: '0' });
    await until(() => listening() === WORKERS);
    ada = await registerAccount(service);
  });

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  const listening = () => service.logs.filter(({ msg }) => msg === 'listening').length;
  const workers = () =>
    readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8').trim().split(' ').map(Number);

  const servers = () => service.logs.filter(({ msg }) => msg === 'listening').map((line) => line['pid']);

  // One that took the place of another may still be starting.
  beforeEach(() => until(() => workers().every((pid) => servers().includes(pid)), HUNG_LIMIT_MS), 120_000);

  async function scrape(): Promise<{ status: number; text: string; ms: number }> {
    const port = service.logs.find(({ msg }) => msg === 'metrics')?.['port'];
    const { result, ms } = await timed(async () => {
      const answer = await fetch(`http://127.0.0.1:${Number(port)}/metrics`);
      return { status: answer.status, text: await answer.text() };
    });
    return { ...result, ms };
  }

  /** Requests that all workers together have served, as `/metrics` has it. */
  const servedIn = (text: string): number =>
    [...text.matchAll(/^http_request_duration_seconds_count\{[^}]*\} (\d+)$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );

  /** How long that took; milliseconds. */
  async function until(condition: () => boolean, limitMs = LIMIT_MS): Promise<number> {
    const started = performance.now();
    while (!condition()) {
      if (performance.now() - started > limitMs) throw new Error(`Not so within ${limitMs} ms`);
      await sleep(10);
    }
    return Math.round(performance.now() - started);
  }

  it('goes on when one is killed under load, and has another soon', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const counts = { answered: 0, lost: 0, afterwards: 0 };
    const ids: unknown[] = [];
    let state: 'before' | 'between' | 'replaced' | 'over' = 'before';
    const client = async (): Promise<void> => {
      while (state !== 'over') {
        const sentIn = state;
        const { status, body } = await send(`${service.url}/api/audio-file`, {
          method: 'POST',
          headers: ada.authorization,
          body: { s3_key: 'a' },
          agent,
          // A connection that was on its way to the dead worker is answered by nobody.
          timeoutMs: 5000,
        });
        if (status === 201) {
          counts.answered++;
          ids.push(body['file_id']);
          if (sentIn === 'between') counts.afterwards++;
        } else {
          counts.lost++;
          expect({ status, sentIn }).toEqual({ status: 0, sentIn: expect.stringMatching(/before|between/) });
        }
      }
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, client));
    await until(() => counts.answered > CLIENTS);
    const [first, second] = workers();
    process.kill(first as number, 'SIGKILL');
    state = 'between';
    const replacedAfter = await until(() => listening() === WORKERS + 1, REPLACED_MS);
    state = 'replaced';
    await sleep(500);
    state = 'over';
    await clients;
    agent.destroy();

    expect(workers()).toHaveLength(WORKERS);
    expect(workers()).toContain(second);
    expect(workers()).not.toContain(first);
    // The other one served meanwhile, and each client lost at most the one request that the dead one had.
    expect(counts.afterwards).toBeGreaterThan(0);
    expect(counts.lost).toBeLessThanOrEqual(CLIENTS);
    const some = [...ids.slice(0, 50), ...ids.slice(-50)];
    const { body } = await service.http
      .post('/api/user/audio-files/batch-get')
      .set(ada.authorization)
      .send({ file_ids: [...new Set(some)] })
      .expect(200);
    const { results } = body as { results: { status: number }[] };
    expect(results.filter(({ status }) => status !== 200)).toEqual([]);
    report(
      'worker killed',
      `${counts.lost} of ${counts.answered + counts.lost} requests lost, ${counts.afterwards} served by the other; ` +
        `replaced after ${seconds(replacedAfter)}`,
    );
  });

  it('says of each line which process wrote it', () => {
    expect(servers()).toEqual(expect.arrayContaining(workers()));
    expect(service.logs.every(({ pid }) => typeof pid === 'number')).toBe(true);
  });

  it('kills one that hangs, has another, and gives the metrics of the others meanwhile', async () => {
    const before = listening();
    const [first] = workers();
    const served = servedIn((await scrape()).text);
    process.kill(first as number, 'SIGSTOP');
    const { status, text, ms } = await scrape();
    expect({ status, has: text.includes('http_requests_in_flight') }).toEqual({ status: 200, has: true });
    // What it had counted stays: a sum that goes down would pass for a restart, and be counted again.
    expect(servedIn(text)).toBeGreaterThanOrEqual(served);
    const killedAfter = await until(() => listening() > before, HUNG_LIMIT_MS);
    expect(workers()).toHaveLength(WORKERS);
    expect(workers()).not.toContain(first);
    expect(servedIn((await scrape()).text)).toBeGreaterThanOrEqual(served);
    expect(service.logs).toContainEqual(
      expect.objectContaining({
        ...{ level: 'error', pid: service.pid, worker: first },
        msg: 'a worker does not respond; killing it',
      }),
    );
    report('worker hangs', `metrics after ${seconds(ms)}, replaced after ${seconds(killedAfter)}`);
  }, 120_000);

  it('gives the metrics of the others where one dies while it is asked', async () => {
    const before = listening();
    const [first] = workers();
    process.kill(first as number, 'SIGSTOP');
    const scraped = scrape();
    await sleep(200);
    process.kill(first as number, 'SIGKILL');
    expect((await scraped).status).toBe(200);
    await until(() => listening() > before, HUNG_LIMIT_MS);
  }, 120_000);

  it('goes on where no worker can be started, and has another as soon as one can', async () => {
    const before = listening();
    const [first] = workers();
    const files = (limit: string) =>
      execFileSync('prlimit', ['--pid', String(service.pid), `--nofile=${limit}:`]);
    files('3');
    process.kill(first as number, 'SIGKILL');
    const tries = () => service.logs.filter(({ msg }) => msg === NOT_STARTED).length;
    await until(() => tries() >= 2, HUNG_LIMIT_MS);
    expect(service.running()).toBe(true);
    files('1024');
    await until(() => listening() > before, HUNG_LIMIT_MS);
    expect(workers()).toHaveLength(WORKERS);
    expect((await service.http.get('/api/health/live')).status).toBe(200);
  }, 120_000);

  it('ends with all of them on SIGTERM to the parent, exit code 0', async () => {
    const pids = [service.pid, ...workers()];
    expect(pids).toHaveLength(1 + WORKERS);
    service.kill('SIGTERM');
    const { result: code, ms } = await timed(() => service.code);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(LIMIT_MS);
    expect(pids.filter(isRunning)).toEqual([]);
    report('SIGTERM to the parent', `${pids.length} processes ended after ${seconds(ms)}, exit code ${code}`);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
