import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, signIn } from '../support/accounts.js';
import { startDatabaseStub } from '../support/database-stub.js';
import { OLDER_PASSWORD, olderToken, putOlderUser } from '../support/older-backend.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Caller = Pick<Account, 'authorization'>;

const RENEWALS = 20;

describe('a token of the older backend that was renewed', () => {
  let app: TestApp;
  let userId: string;
  let email: string;
  let older: Caller;

  beforeAll(async () => {
    app = await startTestApp();
  });

  beforeEach(async () => {
    ({ user_id: userId, email } = await putOlderUser(app));
    older = { authorization: olderToken(app, userId) };
  });

  afterAll(() => app.close());

  const read = ({ authorization }: Caller) => app.http.get('/api/user').set(authorization);
  const renew = ({ authorization }: Caller) => app.http.post('/api/token/renew').set(authorization);

  async function renewed(caller: Caller = older): Promise<Caller> {
    const { body } = await renew(caller).expect(200);
    return { authorization: { Authorization: `Bearer ${(body as { token: string }).token}` } };
  }

  async function sessions(caller: Caller): Promise<{ session_id: string; current: boolean }[]> {
    const { body } = await app.http.get('/api/user/sessions').set(caller.authorization).expect(200);
    return body as { session_id: string; current: boolean }[];
  }

  it.each(['one after the other', 'at the same time'])('is one session, renewed often %s', async (how) => {
    const callers: Caller[] = [];
    if (how === 'at the same time') {
      callers.push(...(await Promise.all(Array.from({ length: RENEWALS }, async () => renewed()))));
    } else {
      for (let n = 0; n < RENEWALS; n++) callers.push(await renewed());
    }
    for (const caller of [older, ...callers]) {
      expect(await sessions(caller)).toEqual([expect.objectContaining({ current: true })]);
    }
    expect((await rowsOf(app, userId)).sessions).toHaveLength(1);
  });

  it('is another session than that of another token', async () => {
    const other = { authorization: olderToken(app, userId, Math.floor(Date.now() / 1000) - 5) };
    await renewed();
    await renewed(other);
    expect(await sessions(older)).toHaveLength(2);
  });

  it.each([1, 2, 3, 4, 5])(
    'ends with its session where the first logout gets no further than %d calls, and is repeated',
    async (calls) => {
      const stub = await startDatabaseStub();
      const failing = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, CIRCUIT_PAUSE_MS: '0' }, app);
      const session = await renewed();
      const logout = () => failing.http.post('/api/logout').set(older.authorization);
      stub.behave(() => (stub.calls.length <= calls ? 'forward' : 'cut'));
      const first = await logout();
      stub.behave(() => 'forward');
      const second = await logout();
      await failing.close();
      await stub.close();
      // Whatever the client was told of its second try, it was true.
      expect([first.status, second.status]).not.toContain(500);
      expect(second.status).toBeLessThan(500);
      for (const caller of [older, session]) await renew(caller).expect(401);
      expect((await rowsOf(app, userId)).sessions).toEqual([]);
    },
  );

  it.each([
    ['logs out', async (session: Caller) => app.http.post('/api/logout').set(session.authorization)],
    [
      'is ended in the list',
      async (session: Caller) => {
        const [{ session_id: id } = { session_id: '' }] = await sessions(session);
        const other = await signIn(app, { email, password: OLDER_PASSWORD });
        return app.http.delete(`/api/user/sessions/${id}`).set(other.authorization);
      },
    ],
    ['is where the token logs out', async () => app.http.post('/api/logout').set(older.authorization)],
  ])('ends with its session when that %s', async (_name, end) => {
    const session = await renewed();
    expect((await end(session)).status).toBe(200);
    for (const caller of [older, session]) {
      await read(caller).expect(401);
      await renew(caller).expect(401);
    }
    expect((await rowsOf(app, userId)).sessions.filter((row) => 'token_issued_at' in row)).toEqual([]);
  });

  it.each(['token', 'session'])('goes on with its session where the %s ends all others', async (which) => {
    const session = await renewed();
    const other = await signIn(app, { email, password: OLDER_PASSWORD });
    const asking = which === 'token' ? older : session;
    await app.http.delete('/api/user/sessions').set(asking.authorization).expect(200);
    await read(other).expect(401);
    for (const caller of [older, session]) await read(caller).expect(200);
    await read(await renewed()).expect(200);
    // It is the one that was kept, and ends by itself.
    await app.http.post('/api/logout').set(session.authorization).expect(200);
    for (const caller of [older, session]) await read(caller).expect(401);
  });
});
