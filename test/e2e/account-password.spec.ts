import { randomUUID } from 'node:crypto';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TokensService } from '../../src/auth/tokens/tokens.service.js';
import { SessionsService } from '../../src/sessions/sessions.service.js';
import { Email } from '../../src/users/email.js';
import type { User } from '../../src/users/user.js';
import { UsersService } from '../../src/users/users.service.js';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { OLDER_PASSWORD, olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { everyRow } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/password';
const NEW = 'staple battery horse';
const CHANGED = { message: 'Password changed successfully' };

describe('PUT /api/user/password', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  type Caller = Pick<Account, 'authorization'>;
  const put = ({ authorization }: Caller, body: object) => app.http.put(PATH).set(authorization).send(body);
  const change = (account: Account, replacement = NEW) =>
    put(account, { current_password: account.password, new_password: replacement });
  const login = (email: string, password: string) => app.http.post('/api/login').send({ email, password });

  async function expectAlive({ authorization }: Caller): Promise<void> {
    await app.http.get('/api/user').set(authorization).expect(200);
  }

  async function expectDead({ authorization }: Caller): Promise<void> {
    const answer = await app.http.get('/api/user').set(authorization);
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: '/api/user' });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }

  it('lets one sign in with the new password only', async () => {
    const account = await registerAccount(app);
    const { body } = await change(account).expect(200);
    expect(body).toEqual(CHANGED);
    const refused = await login(account.email, account.password);
    expectProblem(refused, { status: 401, detail: 'Invalid email or password', instance: '/api/login' });
    const { body: signedIn } = await login(account.email, NEW).expect(200);
    expect((signedIn as { user_id: string }).user_id).toBe(account.userId);
  });

  it('ends all other sessions at once, and those after it are not among them', async () => {
    const account = await registerAccount(app);
    const others = [await signIn(app, account), await signIn(app, account)];
    const older = { authorization: olderToken(app, account.userId) };
    for (const caller of [account, ...others, older]) await expectAlive(caller);

    await change(account).expect(200);

    for (const caller of [...others, older]) await expectDead(caller);
    await expectAlive(account);
    const later = await signIn(app, { email: account.email, password: NEW });
    await expectAlive(later);
    const { body } = await app.http.get('/api/user/sessions').set(account.authorization).expect(200);
    expect(body).toHaveLength(2);
  });

  it('changes the hash and what ends tokens, and nothing else of the account', async () => {
    const account = await registerAccount(app);
    const before = await userRow(account.userId);
    const started = Math.floor(Date.now() / 1000);
    await change(account).expect(200);
    const after = await userRow(account.userId);
    expect(after).toEqual({
      ...before,
      password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$/),
      session_generation: 1,
      kept_sign_in: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tokens_valid_from: expect.any(Number),
    });
    expect(after['password_hash']).not.toBe(before['password_hash']);
    expect(after['tokens_valid_from']).toBeGreaterThan(started);
    expect(after['tokens_valid_from']).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + 61);
  });

  it('ends the tokens of the older backend that were issued before, but the one that asked', async () => {
    const { user_id: userId, email } = await putOlderUser(app);
    const now = Math.floor(Date.now() / 1000);
    const asking = { authorization: olderToken(app, userId, now - 100) };
    // Also those of a clock that is ahead, by as much as is accepted.
    const others = [now - 1000, now - 101, now - 99, now, now + 50].map((issuedAt) => ({
      authorization: olderToken(app, userId, issuedAt),
    }));
    for (const caller of others) await expectAlive(caller);

    await put(asking, { current_password: OLDER_PASSWORD, new_password: NEW }).expect(200);

    for (const caller of others) await expectDead(caller);
    await expectAlive(asking);
    await expectAlive(await signIn(app, { email, password: NEW }));
  });

  it('takes the same password again, and ends the other sessions for it', async () => {
    const account = await registerAccount(app);
    const other = await signIn(app, account);
    await change(account, account.password).expect(200);
    await expectDead(other);
    await expectAlive(account);
    await login(account.email, account.password).expect(200);
  });

  it('is refused with a wrong current password, and changes nothing', async () => {
    const account = await registerAccount(app);
    const other = await signIn(app, account);
    const before = await everyRow(app);
    for (const current of ['wrong horse battery', `${account.password} `, account.password.toUpperCase()]) {
      const answer = await put(account, { current_password: current, new_password: NEW });
      expectProblem(answer, { status: 403, detail: 'Current password is incorrect', instance: PATH });
    }
    expect(await everyRow(app)).toEqual(before);
    await expectAlive(other);
  });

  const required = (field: string, name: string) => ({ field, message: `${name} is required` });
  const current_password = 'correct horse battery';
  it.each([
    [
      'no fields',
      {},
      [required('current_password', 'current_password'), required('new_password', 'Password')],
    ],
    ['no current password', { new_password: NEW }, [required('current_password', 'current_password')]],
    ['no new password', { current_password }, [required('new_password', 'Password')]],
    [
      'a new password that is too short',
      { current_password, new_password: '1234567' },
      [{ field: 'new_password', message: 'Password must be at least 8 characters' }],
    ],
    [
      'a new password that is too long',
      { current_password, new_password: 'x'.repeat(257) },
      [{ field: 'new_password', message: 'Password must be at most 256 characters' }],
    ],
    [
      'a new password that is a number',
      { current_password, new_password: 12_345_678 },
      [{ field: 'new_password', message: 'Password must be a string' }],
    ],
    [
      'a current password that is a list',
      { current_password: [current_password], new_password: NEW },
      [{ field: 'current_password', message: 'current_password must be a string' }],
    ],
    [
      'a current password that is too long',
      { current_password: 'x'.repeat(257), new_password: NEW },
      [{ field: 'current_password', message: 'current_password must be at most 256 characters' }],
    ],
  ])('refuses %s, and changes nothing', async (_case, sent, errors) => {
    const account = await registerAccount(app);
    const before = await everyRow(app);
    const answer = await put(account, sent);
    const detail = errors[0]?.message ?? '';
    expectProblem(answer, { status: 400, detail, instance: PATH, errors });
    expect(await everyRow(app)).toEqual(before);
  });

  it.each([(email: string) => email, (email: string) => ` ${email.toUpperCase()} `])(
    'refuses the email as the new password, written in any way',
    async (write) => {
      const account = await registerAccount(app);
      const answer = await change(account, write(account.email));
      const message = 'Password must not be the email address';
      const errors = [{ field: 'new_password', message }];
      expectProblem(answer, { status: 400, detail: message, instance: PATH, errors });
      await login(account.email, account.password).expect(200);
    },
  );

  it('ends a login that verified the old password before and makes its session after', async () => {
    const account = await registerAccount(app);
    const asReadByTheLogin = (await app.app
      .get(UsersService, { strict: false })
      .findByEmail(Email.read(account.email))) as User;
    await change(account).expect(200);

    const sessions = app.app.get(SessionsService, { strict: false });
    const { sessionId } = await sessions.start(asReadByTheLogin, 'Late device');

    const token = app.app.get(TokensService, { strict: false }).issue(account.userId, sessionId);
    await expectDead({ authorization: { Authorization: `Bearer ${token}` } });
    const { body } = await app.http.get('/api/user/sessions').set(account.authorization).expect(200);
    expect(body).toEqual([expect.objectContaining({ current: true })]);
    await app.http.post('/api/token/renew').set('Authorization', `Bearer ${token}`).expect(401);
  });

  it('lets one of two simultaneous changes win, and the account has that password', async () => {
    for (let round = 0; round < 5; round++) {
      const account = await registerAccount(app);
      const callers = [account, await signIn(app, account)];
      const passwords = [`first ${randomUUID()}`, `second ${randomUUID()}`];
      const answers = await Promise.all(callers.map(async (caller, i) => change(caller, passwords[i])));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      const winner = statuses.indexOf(200);
      const loser = answers[1 - winner];
      // 401 or 403 where it had not read the account before the other change.
      expect([401, 403, 409]).toContain(loser?.status);
      if (loser?.status === 409) {
        expectProblem(loser, { status: 409, detail: 'The password was changed meanwhile', instance: PATH });
      }
      await login(account.email, passwords[winner] ?? '').expect(200);
      await login(account.email, passwords[1 - winner] ?? '').expect(401);
      await expectAlive(callers[winner] as Account);
      await expectDead(callers[1 - winner] as Account);
    }
  });

  async function userRow(userId: string): Promise<Record<string, unknown>> {
    const input = { TableName: app.config.tables.users, Key: { user_id: userId }, ConsistentRead: true };
    return (await app.rows.send(new GetCommand(input))).Item ?? {};
  }
});
