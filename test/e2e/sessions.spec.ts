import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { changeSession, everyRow, storedSession } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/sessions';
const UUID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const ENDED = { message: 'Session ended' };

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/17.5 Mobile/15E148 Safari/604.1';
const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

type Caller = Pick<Account, 'authorization'>;

describe('sessions', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const idOf = ({ token }: Account) => decodeToken(token).claims['jti'] as string;
  const end = ({ authorization }: Caller, id: string) => app.http.delete(`${PATH}/${id}`).set(authorization);

  async function list({ authorization }: Caller): Promise<Record<string, unknown>[]> {
    const { body } = await app.http.get(PATH).set(authorization).expect(200);
    return body as Record<string, unknown>[];
  }

  async function expectAlive({ authorization }: Caller): Promise<void> {
    await app.http.get('/api/user').set(authorization).expect(200);
  }

  async function expectDead({ authorization }: Caller): Promise<void> {
    const answer = await app.http.get('/api/user').set(authorization);
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: '/api/user' });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }

  describe('GET /api/user/sessions', () => {
    it('lists the devices one is signed in on, the newest first, and which of them asks', async () => {
      const account = await registerAccount(app);
      const phone = await signIn(app, account, IPHONE);
      const laptop = await signIn(app, account, WINDOWS);
      const recorder = await signIn(app, account, 'Recorder/2.1.7 CFNetwork/1496.0.7');
      // Apart by more than the second that they are sorted by.
      const made = [account, phone, laptop, recorder];
      for (const [i, { token }] of made.entries()) {
        const id = decodeToken(token).claims['jti'] as string;
        await changeSession(app, id, { created_at: 1_758_762_381 + i });
      }
      const times = (second: number) => ({
        created_at: `2025-09-25T01:06:${second}Z`,
        last_used_at: INSTANT,
      });

      expect(await list(phone)).toEqual([
        { session_id: idOf(recorder), ...times(24), device: 'Recorder 2.1', current: false },
        { session_id: idOf(laptop), ...times(23), device: 'Chrome on Windows', current: false },
        { session_id: idOf(phone), ...times(22), device: 'Safari on iPhone', current: true },
        { session_id: idOf(account), ...times(21), device: 'Unknown device', current: false },
      ]);
    });

    it('lists the session of a registration, made now', async () => {
      const started = Math.floor(Date.now() / 1000);
      const account = await registerAccount(app);
      const [session, ...more] = await list(account);
      expect(more).toEqual([]);
      expect(session).toEqual({
        session_id: idOf(account),
        created_at: INSTANT,
        last_used_at: session?.['created_at'],
        device: 'Unknown device',
        current: true,
      });
      const createdAt = Date.parse(session?.['created_at'] as string) / 1000;
      expect(createdAt).toBeGreaterThanOrEqual(started);
      expect(createdAt).toBeLessThanOrEqual(Date.now() / 1000);
    });

    it('marks none as current for a token of the older backend, which has no session', async () => {
      const account = await registerAccount(app);
      const older = { authorization: olderToken(app, account.userId) };
      expect((await list(older)).map(({ current }) => current)).toEqual([false]);
    });

    it('lists those of nobody else', async () => {
      const [account, stranger] = [await registerAccount(app), await registerAccount(app)];
      expect((await list(account)).map(({ session_id }) => session_id)).toEqual([idOf(account)]);
      expect((await list(stranger)).map(({ session_id }) => session_id)).toEqual([idOf(stranger)]);
    });
  });

  describe('DELETE /api/user/sessions/{session_id}', () => {
    it('ends that session at once, and no other', async () => {
      const account = await registerAccount(app);
      const [lost, kept] = [await signIn(app, account), await signIn(app, account)];
      for (const caller of [account, lost, kept]) await expectAlive(caller);

      const { body } = await end(account, idOf(lost)).expect(200);

      expect(body).toEqual(ENDED);
      await expectDead(lost);
      for (const caller of [account, kept]) await expectAlive(caller);
      expect(new Set((await list(account)).map(({ session_id }) => session_id))).toEqual(
        new Set([idOf(account), idOf(kept)]),
      );
      expect(await storedSession(app, idOf(lost))).toBeUndefined();
    });

    it('ends the one that asks, too', async () => {
      const account = await registerAccount(app);
      await end(account, idOf(account)).expect(200);
      await expectDead(account);
    });

    it.each([
      ['an unknown id', () => randomUUID()],
      ['an id that is no UUID', () => 'monday'],
      ['an id with a path', () => encodeURIComponent('../audio-files')],
      ['an id that is too long for a key', () => 'x'.repeat(3000)],
      ['an id of nothing but a space', () => '%20'],
      ['the id of a user', (account: Account) => account.userId],
    ])('is a 404 for %s', async (_case, id) => {
      const account = await registerAccount(app);
      const before = await everyRow(app);
      const path = `${PATH}/${id(account)}`;
      const answer = await app.http.delete(path).set(account.authorization);
      expectProblem(answer, { status: 404, detail: 'Session not found', instance: path });
      expect(await everyRow(app)).toEqual(before);
    });

    it("is a 404 for another's session, which goes on", async () => {
      const [account, stranger] = [await registerAccount(app), await registerAccount(app)];
      const answer = await end(account, idOf(stranger));
      const instance = `${PATH}/${idOf(stranger)}`;
      expectProblem(answer, { status: 404, detail: 'Session not found', instance });
      await expectAlive(stranger);
      expect(await storedSession(app, idOf(stranger))).toBeDefined();
    });

    it('is a 404 the second time', async () => {
      const account = await registerAccount(app);
      const other = await signIn(app, account);
      await end(account, idOf(other)).expect(200);
      await end(account, idOf(other)).expect(404);
    });
  });

  describe('DELETE /api/user/sessions', () => {
    it('ends all others, tokens of the older backend among them, and not the one that asks', async () => {
      const account = await registerAccount(app);
      const others: Caller[] = [await signIn(app, account), await signIn(app, account)];
      others.push({ authorization: olderToken(app, account.userId) });
      for (const caller of others) await expectAlive(caller);

      const { body } = await app.http.delete(PATH).set(account.authorization).expect(200);

      expect(body).toEqual({ message: 'All other sessions ended' });
      for (const caller of others) await expectDead(caller);
      await expectAlive(account);
      expect((await list(account)).map(({ session_id }) => session_id)).toEqual([idOf(account)]);
      await expectAlive(await signIn(app, account));
    });

    it('ends all sessions and all other tokens where a token of the older backend asks', async () => {
      const account = await registerAccount(app);
      const now = Math.floor(Date.now() / 1000);
      const asking = { authorization: olderToken(app, account.userId, now - 50) };
      const other = { authorization: olderToken(app, account.userId, now - 49) };

      await app.http.delete(PATH).set(asking.authorization).expect(200);

      for (const caller of [account, other]) await expectDead(caller);
      await expectAlive(asking);
      expect(await list(asking)).toEqual([]);
    });

    it('does not bring back what an earlier one ended', async () => {
      const account = await registerAccount(app);
      const [first, second] = [await signIn(app, account), await signIn(app, account)];
      await app.http.delete(PATH).set(first.authorization).expect(200);
      const third = await signIn(app, account);
      await app.http.delete(PATH).set(third.authorization).expect(200);
      for (const caller of [account, first, second]) await expectDead(caller);
      await expectAlive(third);
    });

    it('ends nothing of anybody else', async () => {
      const [account, stranger] = [await registerAccount(app), await registerAccount(app)];
      await app.http.delete(PATH).set(account.authorization).expect(200);
      await expectAlive(stranger);
    });
  });

  it('are made by an account of the older backend, too', async () => {
    const { user_id: userId } = await putOlderUser(app);
    const older = { authorization: olderToken(app, userId) };
    expect(await list(older)).toEqual([]);
    await app.http.post('/api/token/renew').set(older.authorization).expect(200);
    expect(await list(older)).toEqual([
      {
        session_id: UUID,
        created_at: INSTANT,
        last_used_at: INSTANT,
        device: 'Unknown device',
        current: true,
      },
    ]);
  });
});
