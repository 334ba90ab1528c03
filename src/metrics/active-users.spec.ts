import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { ActiveUsers } from './active-users.js';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const DAY_MS = 24 * 3600 * 1000;

/** The part of Redis that is used: sets instead of HyperLogLogs, and a record of the commands. */
function fakeRedis() {
  const sets = new Map<string, Set<string>>();
  const expiries = new Map<string, number>();
  const state = { status: 'ready', failing: false, pipelines: 0 };
  const pipeline = () => {
    const steps: (() => void)[] = [];
    const chain = {
      pfadd(key: string, member: string) {
        steps.push(() => void sets.set(key, (sets.get(key) ?? new Set()).add(member)));
        return chain;
      },
      expire(key: string, seconds: number) {
        steps.push(() => void expiries.set(key, seconds));
        return chain;
      },
      exec() {
        state.pipelines++;
        if (state.failing) return Promise.reject(new Error('Connection is closed.'));
        for (const step of steps) step();
        return Promise.resolve([]);
      },
    };
    return chain;
  };
  const redis = {
    get status() {
      return state.status;
    },
    pipeline,
    pfcount: (key: string) =>
      state.failing
        ? Promise.reject(new Error('Command timed out'))
        : Promise.resolve(sets.get(key)?.size ?? 0),
  } as unknown as Redis;
  return { redis, sets, expiries, state };
}

beforeEach(() => {
  jest.useFakeTimers({ now: NOON, doNotFake: ['nextTick', 'setImmediate'] });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('ActiveUsers in memory', () => {
  it('counts nobody at first, and each user once', async () => {
    const users = new ActiveUsers(undefined);
    expect(users.areShared).toBe(false);
    expect(await users.count()).toBe(0);
    for (const id of ['ada', 'bob', 'ada', 'ada']) users.note(id);
    expect(await users.count()).toBe(2);
  });

  it('begins anew at midnight UTC, whoever is first: who notes or who counts', async () => {
    const users = new ActiveUsers(undefined);
    users.note('ada');
    jest.setSystemTime(Date.parse('2026-03-01T23:59:59.999Z'));
    users.note('bob');
    expect(await users.count()).toBe(2);
    jest.setSystemTime(Date.parse('2026-03-02T00:00:00Z'));
    expect(await users.count()).toBe(0);
    users.note('ada');
    expect(await users.count()).toBe(1);
    jest.setSystemTime(NOON + 2 * DAY_MS);
    users.note('bob');
    expect(await users.count()).toBe(1);
  });
});

describe('ActiveUsers with Redis', () => {
  it('counts the users of all processes, by day, and leaves nothing behind for ever', async () => {
    const { redis, sets, expiries } = fakeRedis();
    const [one, two] = [new ActiveUsers(redis), new ActiveUsers(redis)];
    expect(one.areShared).toBe(true);
    one.note('ada');
    one.note('bob');
    two.note('bob');
    two.note('eve');
    expect([await one.count(), await two.count()]).toEqual([3, 3]);
    jest.setSystemTime(NOON + DAY_MS);
    two.note('ada');
    expect([await one.count(), await two.count()]).toEqual([1, 1]);
    expect([...sets.keys()]).toEqual(['active-users:2026-03-01', 'active-users:2026-03-02']);
    expect(expiries).toEqual(
      new Map([
        ['active-users:2026-03-01', 172_800],
        ['active-users:2026-03-02', 172_800],
      ]),
    );
  });

  it('tells Redis of a user once a day', () => {
    const { redis, state } = fakeRedis();
    const users = new ActiveUsers(redis);
    for (let i = 0; i < 100; i++) users.note('ada');
    expect(state.pipelines).toBe(1);
    jest.setSystemTime(NOON + DAY_MS);
    users.note('ada');
    expect(state.pipelines).toBe(2);
  });

  it.each([
    ['away', (state: { status: string }) => void (state.status = 'reconnecting')],
    ['failing', (state: { failing: boolean }) => void (state.failing = true)],
  ])('counts its own users where Redis is %s, and fails nobody', async (_how, breakIt) => {
    const { redis, state } = fakeRedis();
    breakIt(state);
    const users = new ActiveUsers(redis);
    users.note('ada');
    users.note('bob');
    await new Promise((resolve) => setImmediate(resolve));
    expect(await users.count()).toBe(2);
  });
});
