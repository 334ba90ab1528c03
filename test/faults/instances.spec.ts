import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { adoptNativeErrors } from '../support/native-errors.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import { report, seconds } from './support/report.js';
import { createTables, type Service, startService, type Tables, untilStatus } from './support/service.js';

const PASSWORD = 'correct horse battery';
/** Default of RATE_LIMIT_LOGIN, in a minute. */
const LOGINS = 10;
const CACHE_SECONDS = 1;

describeWithRedis('two instances on one database and one Redis', () => {
  let redis: TestRedis;
  let tables: Tables;
  let instances: Service[];
  let turn = 0;

  beforeAll(async () => {
    adoptNativeErrors();
    [redis, tables] = await Promise.all([startRedis(), createTables()]);
    const environment = {
      RATE_LIMIT: 'on',
      TRUST_PROXY: '1',
      REDIS_URL: redis.url,
      SESSION_CACHE_SECONDS: String(CACHE_SECONDS),
    };
    instances = [await startService(tables, environment), await startService(tables, environment)];
  });

  afterAll(async () => {
    for (const instance of instances) await instance.stop();
    await tables.delete();
    await redis.close();
  });

  /** The other one than the time before. */
  const next = () => (instances[turn++ % instances.length] as Service).http;
  const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const tryLogin = (address: string) =>
    next()
      .post('/api/login')
      .set('X-Forwarded-For', address)
      .send({ email: `${randomUUID()}@example.com`, password: PASSWORD });

  /** What limits leave in the answers of the one and the other. */
  async function left(count: number): Promise<{ statuses: number[]; remaining: string[] }> {
    const address = newAddress();
    const statuses: number[] = [];
    const remaining: string[] = [];
    for (let n = 0; n < count; n++) {
      const { status, headers } = await tryLogin(address);
      statuses.push(status);
      remaining.push(/r=(\d+)/.exec(String(headers['ratelimit']))?.[1] ?? '');
    }
    return { statuses, remaining };
  }

  it('serve a client that is moved between them at every request', async () => {
    const credentials = { email: `${randomUUID()}@example.com`, password: PASSWORD };
    const registered = await next().post('/api/register').send(credentials).expect(201);
    const loggedIn = await next().post('/api/login').send(credentials).expect(200);
    expect(loggedIn.body.user_id).toBe(registered.body.user_id);
    let authorization = { Authorization: `Bearer ${loggedIn.body.token as string}` };
    const list = () => next().get('/api/user/audio-files').set(authorization);
    const ids: unknown[] = [];
    for (let n = 0; n < 5; n++) {
      const created = await next()
        .post('/api/audio-file')
        .set(authorization)
        .send({ s3_key: `${n}` });
      expect(created.status).toBe(201);
      ids.push(created.body.file_id);
      const { body } = await list().expect(200);
      expect((body as { file_id: string }[]).map(({ file_id }) => file_id).sort()).toEqual([...ids].sort());
      // An odd number of requests a round, so that each kind is asked of both.
      await list().expect(200);
    }
    const renewed = await next().post('/api/token/renew').set(authorization).expect(200);
    const before = authorization;
    authorization = { Authorization: `Bearer ${renewed.body.token as string}` };
    await list().expect(200);
    await next().post('/api/logout').set(authorization).expect(200);
    // The other one may know the session for as long as its cache does.
    const ended = await Promise.all([
      untilStatus(() => instances[0]!.http.get('/api/user').set(authorization), 401),
      untilStatus(() => instances[1]!.http.get('/api/user').set(before), 401),
    ]);
    expect(Math.max(...ended)).toBeLessThan(CACHE_SECONDS * 1000 + 1000);
    await list().expect(401);
    await list().expect(401);
    report(
      'two instances',
      `register, login, ${ids.length} × create and list, renew, logout in turns; ` +
        `the token ended on both within ${seconds(Math.max(...ended))}`,
    );
  });

  it('count limits together', async () => {
    // Until both have their connection.
    for (const end = performance.now() + 5000; performance.now() < end; await sleep(50)) {
      if ((await left(3)).remaining.join() === '9,8,7') break;
    }
    const { statuses, remaining } = await left(LOGINS + 2);
    expect(statuses).toEqual([...Array<number>(LOGINS).fill(401), 429, 429]);
    expect(remaining.slice(0, LOGINS)).toEqual(
      Array.from({ length: LOGINS }, (_, n) => String(LOGINS - 1 - n)),
    );
    report('two instances', `${LOGINS} logins counted together, then 429 from both`);
  });
});
