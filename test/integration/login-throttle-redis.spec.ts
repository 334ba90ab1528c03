import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { type LimitState, TooManyRequestsError } from '../../src/common/errors/domain-errors.js';
import { createLogger } from '../../src/common/logging/logger.js';
import { Limiter } from '../../src/limits/limiter.js';
import { LoginThrottle } from '../../src/limits/login-throttle.js';
import { RedisStore } from '../../src/limits/stores/redis-store.js';
import { createRedis } from '../../src/redis/redis.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import { testConfig } from '../support/test-tables.js';

const { limits } = testConfig({ RATE_LIMIT: 'on' });
const FULL = limits.loginFailuresByAddress.points;
/** What an instance grants for itself. */
const HALF = Math.floor(FULL / 2);
const GUESSER = { address: '192.0.2.1', device: 'Recorder 2.1' };
const LIMIT_MS = 10_000;

describeWithRedis('limits in a real Redis that comes and goes', () => {
  let server: TestRedis;
  let redis: Redis;
  let throttle: LoginThrottle;
  let account: string;

  beforeAll(async () => {
    server = await startRedis();
    redis = createRedis(server.url, createLogger('silent'), '');
  });

  afterAll(async () => {
    redis.disconnect();
    await server.close();
  });

  beforeEach(async () => {
    await untilStatus((status) => status === 'ready');
    throttle = new LoginThrottle(limits, new RedisStore(redis));
    account = randomUUID();
  });

  async function untilStatus(fits: (status: string) => boolean): Promise<void> {
    for (const end = performance.now() + LIMIT_MS; !fits(redis.status); await sleep(20)) {
      if (performance.now() > end) throw new Error(`Redis is ${redis.status}`);
    }
  }
  const stop = async () => {
    await server.stop();
    await untilStatus((status) => status !== 'ready');
  };
  const start = async () => {
    await server.start();
    await untilStatus((status) => status === 'ready');
  };
  /** What a refused attempt is told; `undefined` where it may be made. */
  async function attempt(): Promise<LimitState | undefined> {
    try {
      await throttle.begin(account, GUESSER);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyRequestsError) return error.limit;
      throw error;
    }
  }
  const fail = async (count: number) => {
    for (let i = 0; i < count; i++) expect(await attempt()).toBeUndefined();
  };
  /** Refused at once by the first delay, however often it is tried. */
  const expectFirstDelay = async (quota: number) => {
    for (let i = 0; i < 2 * FULL + 2; i++) {
      const refusal = await attempt();
      expect(refusal).toMatchObject({ policy: 'login-failures-by-address', quota, remaining: 0 });
      expect(refusal?.resetSeconds).toBeLessThanOrEqual(30);
    }
  };

  it('set a delay with the first refusal, and one only, while it is there', async () => {
    await fail(FULL);
    await expectFirstDelay(FULL);
  });

  it('set a delay with the first refusal, and one only, while it is away', async () => {
    await stop();
    try {
      await fail(HALF);
      await expectFirstDelay(HALF);
    } finally {
      await start();
    }
  });

  it('set a delay with the first refusal, and one only, once it is back', async () => {
    await fail(FULL);
    await expectFirstDelay(FULL);
    await stop();
    await fail(HALF);
    await expectFirstDelay(HALF);
    // It comes back empty.
    await start();
    await fail(FULL);
    await expectFirstDelay(FULL);
  });

  it('keep a delay where what was counted before is given back', async () => {
    const attempts = await Promise.all(Array.from({ length: FULL }, () => throttle.begin(account, GUESSER)));
    expect((await attempt())?.resetSeconds).toBe(30);
    await Promise.all(attempts.map((made) => made.withdrawn()));
    await expectFirstDelay(FULL);
  });

  it('give an attempt back to the counter that took it: to Redis when it is back', async () => {
    const limiter = new Limiter(randomUUID(), { points: FULL, seconds: 900 }, new RedisStore(redis));
    const counted = await Promise.all(Array.from({ length: FULL }, () => limiter.count('owner')));
    // Only the connection is lost: it keeps what it had counted.
    redis.disconnect();
    await untilStatus((status) => status === 'end');
    await Promise.all(counted.map((one) => one.giveBack()));
    await redis.connect();
    await untilStatus((status) => status === 'ready');

    const { state } = await limiter.count('owner');
    expect(state).toMatchObject({ quota: FULL, consumed: 1 });
  });

  it('give an attempt back to the counter that took it: to the instance though Redis is back', async () => {
    const limiter = new Limiter(randomUUID(), { points: FULL, seconds: 900 }, new RedisStore(redis));
    await stop();
    const counted = await Promise.all(Array.from({ length: HALF }, () => limiter.count('owner')));
    await start();
    await Promise.all(counted.map((one) => one.giveBack()));

    expect((await limiter.count('owner')).state).toMatchObject({ quota: FULL, consumed: 1 });
    await stop();
    expect((await limiter.count('owner')).state).toMatchObject({ quota: HALF, consumed: 1 });
    await start();
  });

  it('know at another instance a device that succeeded, and what only its address did', async () => {
    await (await throttle.begin(account, GUESSER)).succeeded();
    const strangers = { ...GUESSER, device: 'curl 8.5' };
    for (let i = 0; i < FULL; i++) await throttle.begin(account, strangers);
    await expect(throttle.begin(account, strangers)).rejects.toBeInstanceOf(TooManyRequestsError);

    throttle = new LoginThrottle(limits, new RedisStore(redis));
    await expect(throttle.begin(account, strangers)).rejects.toBeInstanceOf(TooManyRequestsError);
    await fail(FULL);
  });
});
