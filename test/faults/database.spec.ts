import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { dynamoDbError } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { send } from './support/client.js';
import { startDatabaseProxy } from './support/proxy.js';
import { report, seconds } from './support/report.js';
import {
  type Answer,
  ask,
  createTables,
  health,
  type Service,
  startService,
  type Tables,
  untilStatus,
} from './support/service.js';

/** Calls without an answer before nobody asks any more; `src/common/circuit-breaker.ts`. */
const FAILURES = 5;
/** What one request may spend on the database, and what a busy machine may add to it. */
const BUDGET_MS = 1500;
const SLACK_MS = 700;
/** Requests at once, all of which this process sends too, and what they may take: connections to the database (`src/common/aws-client.ts`), and memory. */
const CROWD = 200;
const CROWD_SLACK_MS = 2000;
const MAX_SOCKETS = 128;
const MAX_GROWTH_MIB = 64;

/** An answer of readiness holds for a second, also one from before. */
const untilNotReady = ({ http }: Service) => untilStatus(() => http.get('/api/health'), 503);

describe('the database', () => {
  let tables: Tables;
  let database: Awaited<ReturnType<typeof startDatabaseProxy>>;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    [tables, database] = await Promise.all([createTables(), startDatabaseProxy()]);
    service = await startService(tables, { DYNAMODB_ENDPOINT: database.endpoint });
    ada = await registerAccount(service);
  });

  beforeEach(async () => {
    database.behave(() => 'forward');
    await database.set('pass');
    await untilStatus(list, 200);
    service.logs.length = 0;
  });

  afterAll(async () => {
    await service.stop();
    await database.close();
    await tables.delete();
  });

  const list = () => service.http.get('/api/user/audio-files').set(ada.authorization);
  const create = () => service.http.post('/api/audio-file').set(ada.authorization).send({ s3_key: 'a' });
  const circuit = () => service.logs.filter(({ msg }) => msg.includes('requests that need it fail at once'));

  /** Fails as often as the service needs to notice; gives the slowest. */
  async function untilNoticed(): Promise<Answer> {
    const answers: Answer[] = [];
    for (let n = 0; n < FAILURES; n++) answers.push(await ask(list()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    expect(circuit()).toHaveLength(1);
    return answers.reduce((slowest, answer) => (answer.ms > slowest.ms ? answer : slowest));
  }

  it('throttles: a request tries twice at most, and is sent away within a second', async () => {
    database.behave(() => dynamoDbError(400, 'ProvisionedThroughputExceededException'));
    const requests = [list, create];
    const answers: Answer[] = [];
    const attempts: number[] = [];
    for (const request of requests) {
      const before = database.calls.length;
      answers.push(await ask(request()));
      attempts.push(database.calls.length - before);
    }
    for (const answer of answers) {
      expect(answer).toEqual({ status: 503, retryAfter: '1', ms: expect.any(Number) });
      expect(answer.ms).toBeLessThan(1000 + SLACK_MS);
    }
    expect(attempts).toEqual([2, 2]);
    // The same of a request that has come further.
    const isWrite = (operation: string) => operation === 'TransactWriteItems';
    database.behave(({ operation }) =>
      isWrite(operation) ? dynamoDbError(400, 'ProvisionedThroughputExceededException') : 'forward',
    );
    const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    const register = () => service.http.post('/api/register').send(credentials);
    expect((await ask(register())).status).toBe(503);
    expect(database.calls.filter(isWrite)).toHaveLength(2);
    // Throttled is answered: nobody stops asking.
    expect(circuit()).toEqual([]);
    database.behave(() => 'forward');
    const back = await untilStatus(create, 201);
    expect((await ask(register())).status).toBe(201);
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    report(
      'throttled',
      `503 after ${slowest} ms, ${attempts[0]} attempts, Retry-After 1; back after ${seconds(back)}`,
    );
  });

  it('has its port closed: 503 at once, alive, not ready; and serves again by itself', async () => {
    await database.set('refuse');
    const slowest = await untilNoticed();
    const refused = await ask(list());
    expect(refused).toEqual({ status: 503, retryAfter: '1', ms: expect.any(Number) });
    expect(refused.ms).toBeLessThan(300);
    expect(slowest.ms).toBeLessThan(BUDGET_MS + SLACK_MS);
    await untilNotReady(service);
    expect(await health(service)).toEqual({ live: 200, ready: 503 });
    await database.set('pass');
    const [back, ready] = await Promise.all([
      untilStatus(list, 200),
      untilStatus(() => service.http.get('/api/health'), 200),
    ]);
    report(
      'port closed',
      `503 after ${refused.ms} ms (${slowest.ms} ms until noticed), live 200, ready 503; ` +
        `back after ${seconds(back)}, ready after ${seconds(ready)}`,
    );
  });

  it('answers each call late: one deadline for all calls of a request', async () => {
    const before = database.calls.length;
    await database.set({ delayMs: 700 });
    const { email, password } = ada;
    // Query, GetItem, PutItem: 2.1 s.
    const login = await ask(service.http.post('/api/login').send({ email, password }));
    expect(login).toEqual({ status: 503, retryAfter: '1', ms: expect.any(Number) });
    expect(login.ms).toBeGreaterThan(BUDGET_MS - 100);
    expect(login.ms).toBeLessThan(BUDGET_MS + SLACK_MS);
    const calls = database.calls.length - before;
    expect(calls).toBeGreaterThan(1);
    await database.set('pass');
    const back = await untilStatus(() => service.http.post('/api/login').send({ email, password }), 200);
    report('each call late', `503 after ${login.ms} ms and ${calls} calls; back after ${seconds(back)}`);
  });

  it.each([
    ['answers after 10 s', { delayMs: 10_000 }],
    ['never answers', 'hang'],
  ] as const)('%s: 503 at the deadline under 200 requests at once, within bounds', async (name, mode) => {
    const agent = new Agent({ keepAlive: true });
    const sendList = () => send(`${service.url}/api/user/audio-files`, { headers: ada.authorization, agent });
    const crowd = () => Promise.all(Array.from({ length: CROWD }, sendList));
    // Connections and the code that they run are there before.
    await crowd();
    const memoryBefore = service.memory();
    await database.set(mode);
    const pending = crowd();
    await sleep(BUDGET_MS / 2);
    const sockets = database.connections;
    const answers = await pending;
    const memoryGrowth = service.memory() - memoryBefore;
    expect(answers.filter(({ status, headers }) => status !== 503 || !headers['retry-after'])).toEqual([]);
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    expect(slowest).toBeLessThan(BUDGET_MS + CROWD_SLACK_MS);
    expect(sockets).toBeLessThanOrEqual(MAX_SOCKETS);
    expect(memoryGrowth).toBeLessThan(MAX_GROWTH_MIB);
    // Noticed: nobody waits any more.
    const again = await ask(list());
    expect(again.status).toBe(503);
    expect(again.ms).toBeLessThan(300);
    await untilNotReady(service);
    expect(await health(service)).toEqual({ live: 200, ready: 503 });
    await database.set('pass');
    const back = await untilStatus(list, 200);
    agent.destroy();
    report(
      `database ${name}`,
      `${CROWD} × 503 within ${slowest} ms, ${sockets} sockets, memory ${memoryGrowth > 0 ? '+' : ''}${memoryGrowth} MiB; ` +
        `then 503 after ${again.ms} ms, live 200, ready 503; back after ${seconds(back)}`,
    );
  });
});

describe('a database whose name does not resolve', () => {
  it('is noticed: 503 at once, alive, not ready', async () => {
    adoptNativeErrors();
    const tables = await createTables();
    const service = await startService(tables, { DYNAMODB_ENDPOINT: 'http://nowhere.invalid:8000' });
    const login = () =>
      service.http.post('/api/login').send({ email: 'a@example.com', password: 'long enough' });
    const first: Answer[] = [];
    for (let n = 0; n < FAILURES; n++) first.push(await ask(login()));
    const refused = await ask(login());
    expect([...first, refused].map(({ status }) => status)).toEqual(Array<number>(FAILURES + 1).fill(503));
    expect(refused.retryAfter).toBe('1');
    expect(refused.ms).toBeLessThan(300);
    await untilNotReady(service);
    expect(await health(service)).toEqual({ live: 200, ready: 503 });
    expect(await service.stop()).toBe(0);
    await tables.delete();
    const slowest = Math.max(...first.map(({ ms }) => ms));
    report('name unknown', `503 after ${refused.ms} ms (${slowest} ms until noticed), live 200, ready 503`);
  });
});
