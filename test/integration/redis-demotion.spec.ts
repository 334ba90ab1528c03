import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createLogger } from '../../src/common/logging/logger.js';
import { createRedis } from '../../src/redis/redis.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';

const LIMIT_MS = 10_000;

describeWithRedis('a real Redis that is made a replica', () => {
  let [primary, successor]: TestRedis[] = [];
  let operator: Redis;
  let redis: Redis;
  let log = '';

  beforeAll(async () => {
    [primary, successor] = await Promise.all([startRedis(), startRedis()]);
    operator = new Redis(primary.url);
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        log += chunk.toString();
        done();
      },
    });
    redis = createRedis(primary.url, createLogger('info', sink), '');
    await until(() => redis.status === 'ready');
  });

  afterAll(async () => {
    redis.disconnect();
    operator.disconnect();
    await Promise.all([primary?.close(), successor?.close()]);
  });

  async function until(fits: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = performance.now() + LIMIT_MS; !(await fits()); await sleep(20)) {
      if (performance.now() > end) throw new Error('It does not come to that');
    }
  }
  const writes = () =>
    redis.set('a', '1').then(
      () => true,
      () => false,
    );
  const connection = () => redis.client('ID');

  it('is noticed at the first write, which fails; the next ones go over another connection', async () => {
    expect(await writes()).toBe(true);
    const before = await connection();
    const { hostname, port } = new URL((successor as TestRedis).url);
    await operator.call('REPLICAOF', hostname, port);
    // Reads go on, so that nothing else tells of it.
    expect(await redis.get('a')).not.toBeInstanceOf(Error);

    expect(await writes()).toBe(false);
    await until(() => log.includes('redis takes no writes, as a replica does; connecting again'));
    await operator.call('REPLICAOF', 'NO', 'ONE');

    await until(writes);
    expect(await connection()).not.toBe(before);
  });
});
