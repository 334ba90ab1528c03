import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SESSION_SECONDS } from '../../src/sessions/session.js';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { craftToken, decodeToken } from '../support/crafted-tokens.js';
import { OLDER_PASSWORD, olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { changeSession, rowsOf, storedSession } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Caller = Pick<Account, 'authorization'>;

const now = () => Math.floor(Date.now() / 1000);

describe('the session behind a token', () => {
  let app: TestApp;

  beforeAll(async () => {
    // Asks every time, so that rows may be changed behind its back.
    app = await startTestApp({ SESSION_CACHE_SECONDS: '0' });
  });

  afterAll(() => app.close());

  const bearer = (token: string): Caller => ({ authorization: { Authorization: `Bearer ${token}` } });
  const idOf = ({ token }: Pick<Account, 'token'>) => decodeToken(token).claims['jti'] as string;
  const logout = ({ authorization }: Caller) => app.http.post('/api/logout').set(authorization);
  const renew = ({ authorization }: Caller) => app.http.post('/api/token/renew').set(authorization);

  async function renewed(caller: Caller): Promise<string> {
    const { body } = await renew(caller).expect(200);
    expect(body).toEqual({ token: expect.any(String) });
    return (body as { token: string }).token;
  }

  async function expectAlive({ authorization }: Caller): Promise<void> {
    await app.http.get('/api/user').set(authorization).expect(200);
  }

  async function expectDead({ authorization }: Caller): Promise<void> {
    for (const [method, path] of [
      ['get', '/api/user'],
      ['get', '/api/user/sessions'],
      ['post', '/api/token/renew'],
      ['post', '/api/logout'],
    ] as const) {
      const answer = await app.http[method](path).set(authorization);
      expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: path });
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    }
  }

  async function deleteUser(userId: string): Promise<void> {
    await app.rows.send(new DeleteCommand({ TableName: app.config.tables.users, Key: { user_id: userId } }));
  }

  it('is named by its jti, and stored until it ends', async () => {
    const account = await registerAccount(app);
    const { claims } = decodeToken(account.token);
    const iat = claims['iat'] as number;
    expect(await storedSession(app, idOf(account))).toEqual({
      session_id: claims['jti'],
      user_id: account.userId,
      created_at: expect.any(Number),
      last_used_at: expect.any(Number),
      expires_at: expect.any(Number),
      device: 'Unknown device',
      generation: 0,
    });
    expect(claims).toEqual({
      user_id: account.userId,
      sub: account.userId,
      jti: expect.any(String),
      iat,
      exp: iat + SESSION_SECONDS,
    });
  });

  describe('POST /api/logout', () => {
    it('ends it, and no other of the user', async () => {
      const account = await registerAccount(app);
      const other = await signIn(app, account);
      const { body } = await logout(account).expect(200);
      expect(body).toEqual({ message: 'Logged out' });
      await expectDead(account);
      await expectAlive(other);
      expect(await storedSession(app, idOf(account))).toBeUndefined();
    });

    it('ends a token of the older backend with those before it, and neither later ones nor sessions', async () => {
      const { user_id: userId, email } = await putOlderUser(app);
      const issued = now() - 1000;
      const tokens = [-500, -1, 0, 1, 500].map((more) => ({
        authorization: olderToken(app, userId, issued + more),
      })) as [Caller, Caller, Caller, Caller, Caller];
      const session = await signIn(app, { email, password: OLDER_PASSWORD });
      for (const caller of tokens) await expectAlive(caller);

      const { body } = await logout(tokens[2]).expect(200);

      expect(body).toEqual({ message: 'Logged out' });
      for (const caller of tokens.slice(0, 3)) await expectDead(caller);
      for (const caller of [...tokens.slice(3), session]) await expectAlive(caller);
    });

    it('of an older token never revives those that ended before', async () => {
      const { user_id: userId } = await putOlderUser(app);
      const [asking, later] = [now() - 1000, now() - 10].map((issuedAt) => ({
        authorization: olderToken(app, userId, issuedAt),
      })) as [Caller, Caller];
      // It goes on although it was issued before what ended the others.
      await app.http.delete('/api/user/sessions').set(asking.authorization).expect(200);
      await expectDead(later);
      await expectAlive(asking);
      await logout(asking).expect(200);
      for (const caller of [asking, later]) await expectDead(caller);
    });
  });

  describe('POST /api/token/renew', () => {
    it('gives a token of the same session that lasts 30 days from now, and the session with it', async () => {
      const account = await registerAccount(app);
      const issued = now() - 10 * 24 * 3600;
      await changeSession(app, idOf(account), { created_at: issued, expires_at: issued + SESSION_SECONDS });
      const claims = { ...decodeToken(account.token).claims, iat: issued, exp: issued + SESSION_SECONDS };
      const before = now();

      const token = await renewed(bearer(craftToken(claims, app.config.secretKey)));

      const fresh = decodeToken(token).claims as { iat: number; exp: number };
      expect(fresh).toEqual({ ...claims, iat: fresh.iat, exp: fresh.iat + SESSION_SECONDS });
      expect(fresh.iat).toBeGreaterThanOrEqual(before);
      const row = await storedSession(app, idOf(account));
      expect(row?.['expires_at']).toBeGreaterThanOrEqual(before + SESSION_SECONDS);
      expect(row?.['created_at']).toBe(issued);
      await expectAlive(bearer(token));
    });

    it('works twice with the same token, and all three tokens work', async () => {
      const account = await registerAccount(app);
      const tokens = [await renewed(account), await renewed(account)];
      for (const token of tokens) expect(decodeToken(token).claims['jti']).toBe(idOf(account));
      for (const caller of [account, ...tokens.map(bearer)]) await expectAlive(caller);
      expect((await rowsOf(app, account.userId)).sessions).toHaveLength(1);
    });

    it('ends with the session: logging out by one token ends them all', async () => {
      const account = await registerAccount(app);
      const token = await renewed(account);
      await logout(bearer(token)).expect(200);
      for (const caller of [account, bearer(token)]) await expectDead(caller);
    });

    it('gives a token of the older backend a session, by which it can be ended', async () => {
      const { user_id: userId } = await putOlderUser(app);
      const older = { authorization: olderToken(app, userId) };
      const token = await renewed(older);
      const { sessions } = await rowsOf(app, userId);
      expect(sessions.map((row) => row['session_id'])).toEqual([idOf({ token })]);
      await expectAlive(older);
      await logout(bearer(token)).expect(200);
      await expectDead(bearer(token));
    });

    it.each(['twenty renewals', 'a logout'])(
      'does not bring a session back that ends beside %s',
      async () => {
        const account = await registerAccount(app);
        const other = await signIn(app, account);
        await Promise.all([
          ...Array.from({ length: 20 }, async () => renew(account)),
          app.http.delete(`/api/user/sessions/${idOf(account)}`).set(other.authorization),
        ]);
        await expectDead(account);
        expect(await storedSession(app, idOf(account))).toBeUndefined();
      },
    );
  });

  it.each([0, 1, 3600])(
    'is over %i s after its end though its row is there, and is not listed',
    async (ago) => {
      const account = await registerAccount(app);
      const other = await signIn(app, account);
      await changeSession(app, idOf(account), { expires_at: now() - ago });
      await expectDead(account);
      const { body } = await app.http.get('/api/user/sessions').set(other.authorization).expect(200);
      expect((body as { session_id: string }[]).map(({ session_id }) => session_id)).toEqual([idOf(other)]);
      expect(await storedSession(app, idOf(account))).toBeDefined();
    },
  );

  it('is no use with the claims of another user, or with an id that is none', async () => {
    const [account, stranger] = [await registerAccount(app), await registerAccount(app)];
    const { claims } = decodeToken(account.token);
    for (const wrong of [
      { user_id: stranger.userId, sub: stranger.userId },
      { jti: stranger.userId },
      { jti: '' },
      { jti: 'x'.repeat(3000) },
    ]) {
      await expectDead(bearer(craftToken({ ...claims, ...wrong }, app.config.secretKey)));
    }
  });

  it('is over with its account, as are tokens of the older backend; so are those of an unknown user', async () => {
    const account = await registerAccount(app);
    const older = { authorization: olderToken(app, account.userId) };
    for (const caller of [account, older]) await expectAlive(caller);
    await deleteUser(account.userId);
    for (const caller of [account, older]) await expectDead(caller);
    await expectDead({ authorization: olderToken(app, 'f7b3a0f4-6f0f-4b83-8d53-1c3a3a1e6a11') });
  });
});
