import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { olderToken } from '../support/older-backend.js';
import { changeSession, storedSession } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user';

describe('two instances on the same tables', () => {
  const running: TestApp[] = [];

  afterEach(async () => {
    // The first one made has the tables, and goes last.
    for (const app of running.splice(0).reverse()) await app.close();
  });

  async function startTwo(cacheSeconds: string): Promise<[here: TestApp, there: TestApp]> {
    const here = await startTestApp({ SESSION_CACHE_SECONDS: cacheSeconds });
    running.push(here);
    const there = await startTestApp({ SESSION_CACHE_SECONDS: cacheSeconds }, here);
    running.push(there);
    return [here, there];
  }

  type Caller = Pick<Account, 'authorization'>;
  const idOf = ({ token }: Account) => decodeToken(token).claims['jti'] as string;
  const statusAt = async (app: TestApp, { authorization }: Caller) =>
    (await app.http.get(PATH).set(authorization)).status;

  /** Ways to end a session, or all but one, each asked for by `account`. */
  const ENDINGS: [
    name: string,
    end: (app: TestApp, account: Account, other: Account) => PromiseLike<unknown>,
  ][] = [
    [
      'ending that session',
      (app, account, other) =>
        app.http
          .delete(`/api/user/sessions/${idOf(other)}`)
          .set(account.authorization)
          .expect(200),
    ],
    [
      'logging out',
      (app, _account, other) => app.http.post('/api/logout').set(other.authorization).expect(200),
    ],
    [
      'ending all others',
      (app, account) => app.http.delete('/api/user/sessions').set(account.authorization).expect(200),
    ],
    [
      'a change of password',
      (app, account) =>
        app.http
          .put('/api/user/password')
          .set(account.authorization)
          .send({ current_password: account.password, new_password: 'staple battery horse' })
          .expect(200),
    ],
    [
      'a deletion',
      (app, account) =>
        app.http
          .delete('/api/user')
          .set(account.authorization)
          .send({ password: account.password })
          .expect(200),
    ],
  ];

  it.each(ENDINGS)('both refuse a session at once after %s, where nothing is cached', async (_name, end) => {
    const [here, there] = await startTwo('0');
    const account = await registerAccount(here);
    const other = await signIn(here, account);
    for (const app of [here, there]) expect(await statusAt(app, other)).toBe(200);

    await end(here, account, other);

    expect([await statusAt(here, other), await statusAt(there, other)]).toEqual([401, 401]);
  });

  it.each(ENDINGS)(
    'refuse a session after %s: here at once, there within the lifetime of the cache',
    async (_, end) => {
      const [here, there] = await startTwo('1');
      const account = await registerAccount(here);
      const other = await signIn(here, account);
      for (const app of [here, there]) expect(await statusAt(app, other)).toBe(200);

      await end(here, account, other);

      expect(await statusAt(here, other)).toBe(401);
      await sleep(1050);
      expect(await statusAt(there, other)).toBe(401);
    },
  );

  it('do share no memory: the other one still takes what it has just asked about', async () => {
    const [here, there] = await startTwo('3600');
    const account = await registerAccount(here);
    for (const app of [here, there]) expect(await statusAt(app, account)).toBe(200);
    await here.http.post('/api/logout').set(account.authorization).expect(200);
    expect([await statusAt(here, account), await statusAt(there, account)]).toEqual([401, 200]);
  });

  it('refuse a token of the older backend, here at once and there within the lifetime of the cache', async () => {
    const [here, there] = await startTwo('1');
    const account = await registerAccount(here);
    const older = { authorization: olderToken(here, account.userId) };
    for (const app of [here, there]) expect(await statusAt(app, older)).toBe(200);
    await here.http.delete('/api/user/sessions').set(account.authorization).expect(200);
    expect(await statusAt(here, older)).toBe(401);
    await sleep(1050);
    expect(await statusAt(there, older)).toBe(401);
  });

  it('let a session in at once that the other one has made', async () => {
    const [here, there] = await startTwo('3600');
    const account = await registerAccount(here);
    expect(await statusAt(there, account)).toBe(200);
    const later = await signIn(there, account);
    expect(await statusAt(here, later)).toBe(200);
  });
});

describe('the last use of a session', () => {
  it.each([
    ['3600', 3600],
    ['0', 7 * 24 * 3600],
  ])('is written when the one before is an hour old, and not again (cache: %s s)', async (cache, age) => {
    const app = await startTestApp({ SESSION_CACHE_SECONDS: cache });
    try {
      const account = await registerAccount(app);
      const id = decodeToken(account.token).claims['jti'] as string;
      const now = Math.floor(Date.now() / 1000);
      await changeSession(app, id, { last_used_at: now - age });
      const before = await storedSession(app, id);

      await app.http.get(PATH).set(account.authorization).expect(200);

      const written = await eventually(async () => {
        const row = await storedSession(app, id);
        return row?.['last_used_at'] === before?.['last_used_at'] ? undefined : row;
      });
      expect(written).toEqual({ ...before, last_used_at: expect.any(Number) });
      expect(written['last_used_at']).toBeGreaterThanOrEqual(now);
      expect(written['last_used_at']).toBeLessThanOrEqual(Date.now() / 1000);
    } finally {
      await app.close();
    }
  });

  it('is not written where it is younger than an hour', async () => {
    const app = await startTestApp({ SESSION_CACHE_SECONDS: '0' });
    try {
      const account = await registerAccount(app);
      const id = decodeToken(account.token).claims['jti'] as string;
      await changeSession(app, id, { last_used_at: Math.floor(Date.now() / 1000) - 3500 });
      const before = await storedSession(app, id);
      for (let i = 0; i < 3; i++) await app.http.get(PATH).set(account.authorization).expect(200);
      await sleep(100);
      expect(await storedSession(app, id)).toEqual(before);
    } finally {
      await app.close();
    }
  });

  it('does not bring an ended session back', async () => {
    const app = await startTestApp({ SESSION_CACHE_SECONDS: '0' });
    try {
      const account = await registerAccount(app);
      const id = decodeToken(account.token).claims['jti'] as string;
      await changeSession(app, id, { last_used_at: 0 });
      await Promise.all([
        app.http.get(PATH).set(account.authorization),
        app.http.post('/api/logout').set(account.authorization),
      ]);
      await sleep(100);
      expect(await storedSession(app, id)).toBeUndefined();
    } finally {
      await app.close();
    }
  });
});

/** What `look` finds as soon as it finds something; a use is noted when its request is answered already. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 100; i++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(20);
  }
  throw new Error('Not within two seconds');
}
