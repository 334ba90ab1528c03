import { randomUUID } from 'node:crypto';
import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Limiter } from '../../src/limits/limiter.js';
import { LoginThrottle } from '../../src/limits/login-throttle.js';
import type { TableStore } from '../../src/limits/stores/dynamodb/table-store.js';
import { engine } from '../support/engine.js';
import { guesser, LoginAttempts } from '../support/login-attempts.js';
import { LimitsTableScene } from '../support/limits-table-scene.js';

const DAY = 86_400;
const HOME = '192.0.2.1';

/** Read units where rows may be missing, which DynamoDB Local does not count. */
const reads = (units: number): unknown => (engine().kind === 'embedded' ? units : expect.any(Number));

describe('The table of limits', () => {
  const scene = new LimitsTableScene();
  const { limits } = scene.config;
  let secret: string;

  beforeAll(() => scene.arrange());
  afterAll(() => scene.close());
  beforeEach(() => {
    secret = randomUUID();
    scene.stopClock();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const limiter = (store: TableStore = scene.open(secret)) => new Limiter('login', limits.login, store);
  const throttle = (store: TableStore = scene.open(secret)) => new LoginThrottle(limits, store);
  const pass = (seconds: number) => jest.advanceTimersByTime(seconds * 1000);
  const consumed = async (counter: Limiter, key = HOME) => (await counter.count(key)).state.consumed;

  it('counts in windows that are aligned to the clock', async () => {
    const one = limiter();
    pass(59);
    expect([await consumed(one), await consumed(one)]).toEqual([1, 2]);
    expect((await one.count(HOME)).state).toMatchObject({ remaining: 7, resetSeconds: 1, windowSeconds: 60 });
    pass(1);
    expect(await consumed(one)).toBe(1);
  });

  it('has rows that expire some time after their window', async () => {
    await limiter().count(HOME);
    const end = Date.now() / 1000 + limits.login.seconds;
    const expiries = (await scene.rows()).map(({ expires_at: at }) => at as number);
    expect(expiries.some((at) => at >= end + 60 && at <= end + 600)).toBe(true);
  });

  it('does not tell addresses, accounts and devices', async () => {
    const store = scene.open(secret);
    await limiter(store).count(HOME);
    await (await throttle(store).begin('ada-subject', guesser(HOME, 'Recorder'))).succeeded();
    await throttle(store).begin('ada-subject', guesser(HOME, 'Recorder'));
    const rows = JSON.stringify(await scene.rows());
    expect(rows).toContain('login-failures-by-address:');
    for (const part of [HOME, 'ada-subject', 'Recorder']) expect(rows).not.toContain(part);
  });

  it('takes 3 write units for a login from a known address, also in a process that has just started', async () => {
    const login = async (store: TableStore) => {
      await limiter(store).count(HOME);
      await (await throttle(store).begin('ada', guesser(HOME))).succeeded();
    };
    // Counted by account too, and given back there; address and device become known.
    expect(await scene.unitsOf(() => login(scene.open(secret)))).toEqual({ read: reads(2), write: 7 });
    const store = scene.open(secret);
    expect(await scene.unitsOf(() => login(store))).toEqual({ read: reads(1), write: 3 });
    expect(await scene.unitsOf(() => login(store))).toEqual({ read: 0, write: 3 });
  });

  it('writes that an address is known only where the table does not have it, or not for long', async () => {
    await throttle().trust('ada', guesser(HOME));
    expect(await scene.unitsOf(() => throttle().trust('ada', guesser(HOME)))).toMatchObject({ write: 0 });
    pass(16 * DAY);
    expect(await scene.unitsOf(() => throttle().trust('ada', guesser(HOME)))).toMatchObject({ write: 2 });
    pass(31 * DAY);
    const attempts = new LoginAttempts(throttle());
    await attempts.fail(limits.loginFailures.points, 'ada', (i) => `stranger-${i}`);
    expect(await attempts.attempt('ada', HOME)).toMatchObject({ policy: 'login-failures' });
  });

  it('takes a bounded number of write units for a flood against one counter', async () => {
    const instances = [limiter(), limiter()];
    const flood = async () => {
      for (let i = 0; i < 500; i++) await instances[i % 2]?.count(HOME);
    };
    const { write } = await scene.unitsOf(flood);
    // The quota, and for each instance the request by which it learns that it is reached.
    expect(write).toBeLessThanOrEqual(limits.login.points + 2);
    expect(await consumed(limiter(), 'somebody else')).toBe(1);
    pass(limits.login.seconds);
    expect(await consumed(instances[0] as Limiter)).toBe(1);
  });

  it('takes no write for guesses at an account that is refused, whatever address they come from', async () => {
    const logins = new LoginAttempts(throttle());
    await logins.fail(limits.loginFailures.points, 'ada', (i) => `stranger-${i}`);
    expect(await logins.attempt('ada', 'stranger')).toMatchObject({ policy: 'login-failures' });
    const { write } = await scene.unitsOf(async () => {
      for (let i = 0; i < 100; i++) {
        expect(await logins.attempt('ada', `late-${i}`)).toMatchObject({ policy: 'login-failures' });
      }
    });
    expect(write).toBe(0);
  });

  it('knows a delay at another instance, also after the end of the day', async () => {
    pass(DAY - 10);
    const logins = new LoginAttempts(throttle());
    await logins.fail(limits.loginFailuresByAddress.points, 'ada', () => HOME);
    expect(await logins.attempt('ada', HOME)).toMatchObject({ resetSeconds: 30 });
    expect(await new LoginAttempts(throttle()).attempt('ada', HOME)).toMatchObject({ resetSeconds: 30 });
    pass(15);
    expect(await new LoginAttempts(throttle()).attempt('ada', HOME)).toMatchObject({ resetSeconds: 15 });
    pass(15);
    await new LoginAttempts(throttle()).fail(1, 'ada', () => HOME);
  });

  it('gives back what was counted, once, and only in its window', async () => {
    const one = limiter();
    const counted = [await one.count(HOME), await one.count(HOME)];
    await counted[0]?.giveBack();
    expect(await consumed(one)).toBe(2);
    pass(60);
    await counted[1]?.giveBack();
    expect(await consumed(one)).toBe(1);
  });

  it('lets this instance count a key for which the table has no capacity, and no other key', async () => {
    let hot = '';
    const send = (command: { input: { Key?: { limit_key: string } } }, options?: object) => {
      if (hot !== '' && command.input.Key?.limit_key === hot) {
        const $metadata = { httpStatusCode: 400 };
        throw new ProvisionedThroughputExceededException({ message: 'too hot', $metadata });
      }
      if (hot === 'next') hot = command.input.Key?.limit_key ?? '';
      return scene.documents.send(command as never, options);
    };
    const store = scene.open(secret, { send });
    const one = limiter(store);
    hot = 'next';
    await one.count('a crowd');
    const crowd = [];
    for (let i = 0; i < 20; i++) crowd.push((await one.count('a crowd')).isRefused);
    // Half of the quota.
    expect(crowd.filter((isRefused) => !isRefused)).toHaveLength(limits.login.points / 2);
    expect(store.circuit.isOpen).toBe(false);
    expect((await one.count('somebody else')).state).toMatchObject({
      quota: limits.login.points,
      consumed: 1,
    });
  });
});
