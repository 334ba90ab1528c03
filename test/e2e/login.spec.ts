import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { registerAccount } from '../support/accounts.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { findLogLine } from '../support/log-lines.js';
import { OLDER_HASH, OLDER_PASSWORD, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const REFUSAL = { status: 401, detail: 'Invalid email or password', instance: '/api/login' };

describe('POST /api/login', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const login = (body: object) => app.http.post('/api/login').send(body);

  it('answers as the registration did, with a token of its own', async () => {
    const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    const registered = await app.http.post('/api/register').send(credentials).expect(201);

    const { status, headers, body } = await login(credentials);

    expect(body).toEqual({ ...registered.body, token: expect.any(String) });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const { header, claims } = decodeToken(body.token as string);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({
      user_id: body.user_id,
      sub: body.user_id,
      iat: expect.any(Number),
      exp: (claims['iat'] as number) + 30 * 24 * 3600,
      jti: expect.any(String),
    });
    expect(claims['jti']).not.toBe(decodeToken(registered.body.token as string).claims['jti']);
  });

  it('takes the email in any spelling', async () => {
    const { email, password, userId } = await registerAccount(app);

    const { body } = await login({ email: `  ${email.toUpperCase()}\n`, password }).expect(200);

    expect(body).toMatchObject({ user_id: userId, user: { email } });
  });

  it('works in the moment after the registration, whether the index knows the account yet or not', async () => {
    for (let i = 0; i < 10; i++) {
      const { email, password, userId } = await registerAccount(app);
      const { body } = await login({ email, password }).expect(200);
      expect(body).toMatchObject({ user_id: userId });
    }
  });

  it('signs in a user of the older backend and reads the time from the number', async () => {
    const user = await putOlderUser(app, {
      created_at: 1_758_762_381,
      created_at_iso: '2025-09-25T03:04:05.123456',
    });

    const { body } = await login({ email: user.email, password: OLDER_PASSWORD }).expect(200);

    expect(body).toEqual({
      token: expect.any(String),
      user_id: user.user_id,
      key_salt: Buffer.from(user.key_salt, 'base64').toString('hex'),
      user: { user_id: user.user_id, email: user.email, created_at: '2025-09-25T01:06:21Z' },
    });
    expectProblem(await login({ email: user.email, password: OLDER_PASSWORD.trim() }), REFUSAL);
  });

  it('answers a wrong password and an unknown email alike, to the header', async () => {
    const { email } = await registerAccount(app);
    const sameForAll = ({ headers, body }: Response) => ({
      headers: Object.entries<unknown>(headers).filter(([name]) => !['date', 'x-request-id'].includes(name)),
      names: Object.keys(headers),
      body: { ...body, request_id: '' },
    });

    const wrong = await login({ email, password: 'wrong password' });
    const unknown = await login({ email: `${randomUUID()}@example.com`, password: 'wrong password' });

    for (const answer of [wrong, unknown]) {
      expectProblem(answer, REFUSAL);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    expect(sameForAll(unknown)).toEqual(sameForAll(wrong));
  });

  it('says nothing of the rules of registration: an impossible password is a wrong one', async () => {
    const { email } = await registerAccount(app);

    expectProblem(await login({ email, password: 'short' }), REFUSAL);
    expectProblem(await login({ email: 'nobody@localhost', password: 'short' }), REFUSAL);
  });

  it('finds no account under the key of a claim', async () => {
    const { email, password, userId } = await registerAccount(app);

    expectProblem(await login({ email: `email#${email}`, password }), REFUSAL);
    expectProblem(await login({ email: `${userId}@example.com`, password }), REFUSAL);
  });

  it.each([
    ['nothing', {}, 'email is required', 'Password is required'],
    ['null', { email: null, password: null }, 'email is required', 'Password is required'],
    ['objects', { email: { $gt: '' }, password: {} }, 'email must be a string', 'Password must be a string'],
    ['empty strings', { email: '', password: '' }, 'email must not be empty', 'Password must not be empty'],
    [
      'a long email and password',
      { email: `${'a'.repeat(254)}@example.com`, password: 'a'.repeat(257) },
      'email must be at most 254 characters',
      'Password must be at most 256 characters',
    ],
  ])('refuses %s with 400', async (_, body, email, password) => {
    expectProblem(await login(body), {
      status: 400,
      detail: email,
      instance: '/api/login',
      errors: [
        { field: 'email', message: email },
        { field: 'password', message: password },
      ],
    });
  });

  it.each([
    ['is not Argon2', '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'],
    ['is empty', ''],
    ['has a name only', '$argon2id$'],
    ['lacks the hash', OLDER_HASH.slice(0, OLDER_HASH.lastIndexOf('$'))],
    ['was cut off', OLDER_HASH.slice(0, 40)],
    ['has impossible parameters', OLDER_HASH.replace('m=65536', 'm=1')],
    ['lacks a parameter', OLDER_HASH.replace(',p=4', '')],
  ])('refuses an account whose stored hash %s as a wrong password, and logs it', async (_, password_hash) => {
    const { email } = await putOlderUser(app, { password_hash });
    const id = `malformed-hash-${randomUUID()}`;

    const answer = await login({ email, password: OLDER_PASSWORD }).set('X-Request-Id', id);

    expectProblem(answer, REFUSAL);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    const line = await findLogLine(app, ({ level, request_id }) => level === 'error' && request_id === id);
    expect(line.msg).toMatch(/hash/);
    if (password_hash !== '') expect(JSON.stringify(line)).not.toContain(password_hash);
  });
});
