import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { type Reply, send } from './support/client.js';
import { startDatabaseProxy } from './support/proxy.js';
import { report } from './support/report.js';
import { ask, createTables, type Service, startService, type Tables } from './support/service.js';

const RECORDS = 2_000;
const EXPORTS = 200;
/** Of one user, as by default. */
const AT_ONCE = 6;

describe('costly reads of one user', () => {
  let tables: Tables;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    tables = await createTables();
    // A machine with much else to do must not look like a database that is away.
    service = await startService(tables, { DATABASE_BUDGET_MS: '60000' });
    ada = await registerAccount(service);
    for (let made = 0; made < RECORDS; made += 100) {
      const items = Array.from({ length: 100 }, (_, i) => ({ s3_key: `recordings/${made + i}.m4a` }));
      await service.http
        .post('/api/user/audio-files/batch-create')
        .set(ada.authorization)
        .send({ items })
        .expect(200);
    }
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await tables.delete();
  });

  it('leave the service to others: 200 parallel exports', async () => {
    const bob = await registerAccount(service);
    const agent = new Agent({ maxSockets: EXPORTS });
    const options = { headers: ada.authorization, agent, timeoutMs: 60_000 };
    const exports = Promise.all(
      Array.from({ length: EXPORTS }, () => send(`${service.url}/api/user/export`, options)),
    );
    let isOver = false;
    void exports.finally(() => (isOver = true));
    const others = [];
    do others.push(await ask(service.http.get('/api/user/audio-files').set(bob.authorization)));
    while (!isOver);
    const replies = await exports;
    agent.destroy();
    const whole = replies.filter(({ status, body }) => status === 200 && isWhole(body));
    const refused = replies.filter(({ status }) => status === 429);
    report(
      'parallel exports',
      `${whole.length} whole and ${refused.length} told 429 of ${EXPORTS}; another user got ` +
        `${[...new Set(others.map(({ status }) => status))].join()} ${others.length} times in at most ` +
        `${Math.max(...others.map(({ ms }) => ms))} ms`,
    );
    expect(whole.length + refused.length).toBe(EXPORTS);
    expect(whole.length).toBeGreaterThanOrEqual(AT_ONCE);
    expect(refused.length).toBeGreaterThan(EXPORTS / 2);
    expect(refused[0]?.headers['retry-after']).toBe('1');
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  });

  it('are no longer counted when the client that asked is gone', async () => {
    const sent = Array.from({ length: AT_ONCE }, () =>
      send(`${service.url}/api/user/export`, { headers: ada.authorization, timeoutMs: 30 }),
    );
    await Promise.all(sent);
    const replies: Reply[] = [];
    do replies.push(await send(`${service.url}/api/user/export`, { headers: ada.authorization }));
    while (replies.at(-1)?.status === 429 && replies.length < 50);
    expect(replies.at(-1)?.status).toBe(200);
  });

  it('are not counted for ever when the client leaves while its sign-in is looked up', async () => {
    const database = await startDatabaseProxy();
    const slow = await startService(tables, {
      DYNAMODB_ENDPOINT: database.endpoint,
      SESSION_CACHE_SECONDS: '0',
    });
    const url = `${slow.url}/api/user/export`;
    try {
      database.behave(() => sleep(200, 'forward' as const));
      for (let i = 0; i <= AT_ONCE; i++) {
        expect(await send(url, { headers: ada.authorization, timeoutMs: 100 })).toMatchObject({ status: 0 });
        await sleep(200);
      }
      database.behave(() => 'forward');
      expect((await send(url, { headers: ada.authorization })).status).toBe(200);
    } finally {
      await slow.stop();
      await database.close();
    }
  });
});

function isWhole({ audio_files: files }: Record<string, unknown>): boolean {
  return Array.isArray(files) && files.length === RECORDS;
}
