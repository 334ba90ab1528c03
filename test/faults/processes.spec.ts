import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

describe(`a service of ${WORKERS} workers`, () => {
  let tables: Tables;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    tables = await createTables();
    service = await startService(tables, { WORKERS: String(WORKERS) });
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
