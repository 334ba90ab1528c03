import { randomUUID } from 'node:crypto';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import argon2 from 'argon2';
import { readConfig } from '../../src/config/read-config.js';
import { registerAccount } from '../support/accounts.js';
import { dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { OLDER_HASH, OLDER_PASSWORD, putOlderUser, type StoredUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'correct horse battery';
const COMMON = 'Password is one of the most common ones';
const IS_EMAIL = 'Password must not be the email address';

const newEmail = () => `${randomUUID()}@example.com`;

describe('the hash of a password', () => {
  /** What new hashes are made with. */
  const CURRENT = { ARGON2_MEMORY_KIB: '2048', ARGON2_TIME_COST: '2' };
  // In the order that the older backend's decoder insists on.
  const NEW_HASH = /^\$argon2id\$v=19\$m=2048,t=2,p=1\$/;
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp(CURRENT);
  });

  afterAll(() => app.close());

  const login = (email: string, password = PASSWORD, to = app) =>
    to.http.post('/api/login').send({ email, password });
  async function storedUser(userId: string): Promise<StoredUser> {
    const Key = { user_id: userId };
    const { tables } = app.config;
    const { Item } = await app.rows.send(
      new GetCommand({ TableName: tables.users, Key, ConsistentRead: true }),
    );
    return Item as StoredUser;
  }
  const userWith = async (options: Parameters<typeof argon2.hash>[1]) =>
    putOlderUser(app, { password_hash: await argon2.hash(PASSWORD, options) });

  it.each([
    ['takes less memory', { memoryCost: 1024, timeCost: 2, parallelism: 1 }],
    ['takes fewer passes', { memoryCost: 2048, timeCost: 1, parallelism: 1 }],
    ['is Argon2i', { type: argon2.argon2i as 0 | 1 | 2, memoryCost: 65_536, timeCost: 3, parallelism: 4 }],
  ])('is replaced at the next login where it %s than the configuration has it', async (_, options) => {
    const user = await userWith(options);

    await login(user.email).expect(200);

    const stored = await storedUser(user.user_id);
    expect(stored).toEqual({ ...user, password_hash: expect.stringMatching(NEW_HASH) });
    await login(user.email).expect(200);
    await login(user.email, 'wrong password').expect(401);
    expect(await storedUser(user.user_id)).toEqual(stored);
  });

  it('stays as it is where it is as strong, as those of the older backend are', async () => {
    const older = await putOlderUser(app);
    const equal = await userWith({ memoryCost: 2048, timeCost: 2, parallelism: 1 });
    expect(OLDER_HASH).toContain('$m=65536,t=3,p=4$');

    await login(older.email, OLDER_PASSWORD).expect(200);
    await login(equal.email).expect(200);

    expect(await storedUser(older.user_id)).toEqual(older);
    expect(await storedUser(equal.user_id)).toEqual(equal);
  });

  it('stays as it is where the login fails', async () => {
    const user = await userWith({ memoryCost: 1024, timeCost: 1, parallelism: 1 });

    await login(user.email, 'wrong password').expect(401);

    expect(await storedUser(user.user_id)).toEqual(user);
  });

  it('is replaced once however many log in at the same time, and all of them are signed in', async () => {
    const user = await userWith({ memoryCost: 1024, timeCost: 1, parallelism: 1 });

    const answers = await Promise.all(Array.from({ length: 12 }, () => login(user.email)));

    expect(answers.map(({ status }) => status)).toEqual(Array<number>(12).fill(200));
    const { password_hash } = await storedUser(user.user_id);
    expect(password_hash).toMatch(NEW_HASH);
    for (const { body } of answers)
      await app.http.get('/api/user').set('Authorization', `Bearer ${body.token}`).expect(200);
    await login(user.email).expect(200);
    expect((await storedUser(user.user_id)).password_hash).toBe(password_hash);
  });

  it('stays as it is where it cannot be replaced now, which fails no login and is logged', async () => {
    const stub = await startDatabaseStub();
    stub.behave(({ operation }) =>
      operation === 'UpdateItem' ? dynamoDbError(400, 'ThrottlingException') : 'forward',
    );
    const environment = { DYNAMODB_ENDPOINT: stub.endpoint, DATABASE_BUDGET_MS: '2000' };
    const throttled = await startTestApp({ ...CURRENT, ...environment }, app);
    try {
      const user = await userWith({ memoryCost: 1024, timeCost: 1, parallelism: 1 });

      await login(user.email, PASSWORD, throttled).expect(200);

      expect(await storedUser(user.user_id)).toEqual(user);
      const fits = ({ msg }: { msg: string }) => msg === 'a weak password hash stays until the next login';
      expect(await findLogLine(throttled, fits)).toMatchObject({ level: 'warn' });
    } finally {
      await throttled.close();
      await stub.close();
    }
  });
});

describe('a new password', () => {
  /** Refuses the most common ones. */
  let strict: TestApp;
  let plain: TestApp;

  beforeAll(async () => {
    strict = await startTestApp({ PASSWORD_BLOCKLIST: 'common' });
    plain = await startTestApp();
  });

  afterAll(async () => {
    await strict.close();
    await plain.close();
  });

  const register = ({ http }: TestApp, password: string, email = newEmail()) =>
    http.post('/api/register').send({ email, password });
  const refusal = (instance: string, field: string, message: string) => ({
    status: 400,
    detail: message,
    instance,
    errors: [{ field, message }],
  });

  it.each(['password1', 'Password1', 'PASSWORD1', 'qwertyuiop', '12345678', 'iloveyou'])(
    'is refused with PASSWORD_BLOCKLIST=common where it is as common as %s, and accepted otherwise',
    async (password) => {
      expectProblem(await register(strict, password), refusal('/api/register', 'password', COMMON));
      await register(plain, password).expect(201);
    },
  );

  it.each(['password1 ', ' password1', 'password1 of mine', 'Passwörd1', PASSWORD, 'aaaa bbbb'])(
    'is accepted where it only resembles a common one: %j',
    async (password) => {
      await register(strict, password).expect(201);
    },
  );

  it('is held against the list by default in production and not elsewhere', () => {
    const read = (environment: Record<string, string>) =>
      readConfig({ SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', ...environment }).passwords.blockCommon;

    expect([read({}), read({ NODE_ENV: 'production' }), read({ PASSWORD_BLOCKLIST: 'off' })]).toEqual([
      true,
      true,
      false,
    ]);
    expect([read({ NODE_ENV: 'development' }), read({ NODE_ENV: 'test' })]).toEqual([false, false]);
  });

  it('is not asked for where a common one is in use already', async () => {
    const password_hash = await argon2.hash('password1', { memoryCost: 1024, timeCost: 2 });
    const { email } = await putOlderUser(strict, { password_hash });

    await strict.http.post('/api/login').send({ email, password: 'password1' }).expect(200);
  });

  it('is refused where it is the email, with a list or without', async () => {
    for (const app of [strict, plain]) {
      const email = newEmail();
      for (const password of [email, email.toUpperCase(), ` ${email} `]) {
        const spelled = email.replace('@example', '@Example');
        expectProblem(await register(app, password, spelled), refusal('/api/register', 'password', IS_EMAIL));
      }
      await register(app, `${email}!`, email).expect(201);
    }
  });

  it.each([
    ['64 letters', 'a'.repeat(64)],
    ['256 letters', 'a'.repeat(256)],
    ['256 characters of four bytes', '🔋'.repeat(256)],
    ['words in lower case', 'staple battery horse'],
    ['words in Cyrillic', 'правильная лошадь'],
    ['digits', '48151623429'],
    ['spaces', ' '.repeat(12)],
    ['control characters', 'tab\tand\u0000nul'],
  ])('may be %s', async (_, password) => {
    const email = newEmail();
    await register(strict, password, email).expect(201);

    await strict.http.post('/api/login').send({ email, password }).expect(200);
  });

  it('is held to the same rules when it replaces one, where it is called new_password', async () => {
    const { email, authorization } = await registerAccount(strict);
    const change = (new_password: string) =>
      strict.http
        .put('/api/user/password')
        .set(authorization)
        .send({ current_password: PASSWORD, new_password });

    for (const [password, message] of [
      ['seven c', 'Password must be at least 8 characters'],
      ['a'.repeat(257), 'Password must be at most 256 characters'],
      ['Password1', COMMON],
      [email, IS_EMAIL],
      [email.toUpperCase(), IS_EMAIL],
    ] as const)
      expectProblem(await change(password), refusal('/api/user/password', 'new_password', message));
    await strict.http.post('/api/login').send({ email, password: PASSWORD }).expect(200);
    await change('правильная лошадь'.repeat(5)).expect(200, { message: 'Password changed successfully' });
  });
});
