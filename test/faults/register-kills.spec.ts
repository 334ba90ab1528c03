import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptNativeErrors } from '../support/native-errors.js';
import { send } from './support/client.js';
import { startDatabaseProxy } from './support/proxy.js';
import { report } from './support/report.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

const PASSWORD = 'correct horse battery';

describe('a process that is killed while it registers an account', () => {
  let tables: Tables;
  let database: Awaited<ReturnType<typeof startDatabaseProxy>>;
  /** The one that is there afterwards. */
  let next: Service;

  beforeAll(async () => {
    adoptNativeErrors();
    [tables, database] = await Promise.all([createTables(), startDatabaseProxy()]);
    next = await startService(tables);
  });

  afterAll(async () => {
    await next.stop();
    await database.close();
    await tables.delete();
  });

  async function startDying(): Promise<Service> {
    database.behave(() => 'forward');
    const service = await startService(tables, { DYNAMODB_ENDPOINT: database.endpoint });
    // A start asks the database whether it serves, which is not part of a registration.
    await service.http.get('/api/health').expect(200);
    return service;
  }
  const register = (service: Service, email: string) =>
    send(`${service.url}/api/register`, { method: 'POST', body: { email, password: PASSWORD } });

  /** The calls of a registration that nothing happens to. */
  async function callsOfRegister(): Promise<string[]> {
    const service = await startDying();
    database.behave(() => 'forward');
    expect((await register(service, `${randomUUID()}@example.com`)).status).toBe(201);
    const calls = [...database.calls];
    await service.stop();
    return calls;
  }

  /** Registers, and kills the process when its call number `k` arrives, or when the answer to it does. */
  async function killAt(k: number, answered: boolean): Promise<string> {
    const email = `${randomUUID()}@example.com`;
    const service = await startDying();
    const heldBefore = database.held;
    let calls = 0;
    database.behave(async () => {
      if (++calls !== k) return 'forward';
      if (answered) {
        await database.set('mute');
        return 'forward';
      }
      service.kill('SIGKILL');
      await service.code;
      return 'cut';
    });
    const registering = register(service, email);
    if (answered) {
      const end = performance.now() + 10_000;
      while (database.held === heldBefore && performance.now() < end) await sleep(1);
      expect(database.held).toBeGreaterThan(heldBefore);
      service.kill('SIGKILL');
    }
    expect((await registering).status).toBe(0);
    expect(await service.code).toBeNull();
    expect(calls).toBe(k);
    await database.set('pass');
    return email;
  }

  /** Whether there is an account, after making sure that it is a whole one or can be made. */
  async function outcomeFor(email: string): Promise<'an account' | 'no account'> {
    const login = () => next.http.post('/api/login').send({ email, password: PASSWORD });
    const first = await login();
    if (first.status !== 200) {
      expect(first.status).toBe(401);
      await next.http.post('/api/register').send({ email, password: PASSWORD }).expect(201);
    }
    const { body } = await login().expect(200);
    const authorization = { Authorization: `Bearer ${(body as { token: string }).token}` };
    await next.http.post('/api/audio-file').set(authorization).send({ s3_key: 'a' }).expect(201);
    const list = await next.http.get('/api/user/audio-files').set(authorization).expect(200);
    expect(list.body).toHaveLength(1);
    await next.http.post('/api/register').send({ email, password: PASSWORD }).expect(409);
    return first.status === 200 ? 'an account' : 'no account';
  }

  it('leaves a whole account or none, whichever call it had got to', async () => {
    const calls = await callsOfRegister();
    expect(calls).toContain('TransactWriteItems');
    const outcomes: string[] = [];
    for (const [n, call] of calls.entries()) {
      for (const answered of [false, true]) {
        const outcome = await outcomeFor(await killAt(n + 1, answered));
        // Before the transaction there is nothing, and after it everything that a login needs.
        const written = calls.indexOf('TransactWriteItems') < n + (answered ? 1 : 0);
        expect(outcome).toBe(written ? 'an account' : 'no account');
        outcomes.push(`${answered ? 'after' : 'before'} ${call} ${outcome}`);
      }
    }
    report('killed while registering', outcomes.join(', '));
  }, 180_000);
});
