import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { findLogLine } from '../support/log-lines.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const AWAY = 'redis is away; limits are counted by each instance, more tightly';
const BACK = 'redis is back';

/** It answers, and refuses what is asked: the connection says nothing of that. */
describeWithRedis('limits with a Redis that is full', () => {
  let redis: TestRedis;
  let operator: Redis;
  let app: TestApp;

  beforeAll(async () => {
    redis = await startRedis();
    operator = new Redis(redis.url);
    app = await startTestApp({ RATE_LIMIT: 'on', TRUST_PROXY: '1', REDIS_URL: redis.url });
  });

  afterAll(async () => {
    await app.close();
    operator.disconnect();
    await redis.close();
  });

  const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
  const login = (address: string) =>
    app.http
      .post('/api/login')
      .set('X-Forwarded-For', address)
      .send({ email: `${randomUUID()}@example.com`, password: 'wrong password' });
  const remaining = async (address: string) =>
    /r=(\d+)/.exec(String((await login(address)).headers['ratelimit']))?.[1];
  const changes = () => app.logs.filter(({ msg }) => msg === AWAY || msg === BACK).map(({ msg }) => msg);
  /** Until Redis counts, which grants twice as much. */
  async function untilShared(): Promise<void> {
    for (const end = performance.now() + 15_000; performance.now() < end;) {
      if ((await remaining(newAddress())) === '9') return;
    }
    throw new Error('Redis does not count');
  }
  async function bytesOf(logins: number): Promise<number> {
    const received = async () =>
      Number(/total_net_input_bytes:(\d+)/.exec(await operator.info('stats'))?.[1]);
    const before = await received();
    for (let i = 0; i < logins; i++) await login(newAddress());
    return (await received()) - before;
  }

  it('are counted by the instance, as the log says once, and together again when there is room', async () => {
    await untilShared();
    await operator.config('SET', 'maxmemory', '1');
    for (let i = 0; i < 6; i++) await login(newAddress());
    expect(await remaining(newAddress())).toBe('4');
    expect(await findLogLine(app, ({ msg }) => msg === AWAY)).toMatchObject({
      level: 'error',
      err: { message: expect.stringContaining('OOM') as unknown },
    });

    await operator.config('SET', 'maxmemory', '0');
    for (const end = performance.now() + 10_000; !changes().includes(BACK) && performance.now() < end;) {
      await login(newAddress());
    }
    expect(await remaining(newAddress())).toBe('9');
    expect(changes()).toEqual([AWAY, BACK]);
  });

  it('send it no more with each request, whatever is left to be corrected there', async () => {
    await operator.config('SET', 'maxmemory', '1');
    const first = await bytesOf(20);
    await bytesOf(60);
    const later = await bytesOf(20);
    await operator.config('SET', 'maxmemory', '0');
    expect(later).toBeLessThan(2 * first);
  });
});
