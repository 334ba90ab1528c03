import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { registerAccount } from '../support/accounts.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const THIRTY_DAYS = 30 * 24 * 3600;

describe('POST /api/register', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const register = (body: object) => app.http.post('/api/register').send(body);
  const row = async (userId: string) =>
    (await app.rows.send(new GetCommand({ TableName: app.config.tables.users, Key: { user_id: userId } })))
      .Item;

  it('answers with the account and a token', async () => {
    const email = `${randomUUID()}@example.com`;
    const before = Math.floor(Date.now() / 1000);

    const { status, headers, body } = await register({ email, password: 'correct horse battery' });

    expect(body).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      user_id: expect.stringMatching(UUID),
      key_salt: expect.stringMatching(/^[0-9a-f]{64}$/),
      user: {
        user_id: body.user_id,
        email,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    });
    expect(status).toBe(201);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const createdAt = Date.parse(body.user.created_at as string) / 1000;
    expect(createdAt).toBeGreaterThanOrEqual(before);
    expect(createdAt).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('issues an HS256 token for 30 days that names the user for the older backend, too', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { userId, token } = await registerAccount(app);

    const { header, claims } = decodeToken(token);

    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({
      user_id: userId,
      sub: userId,
      iat: expect.any(Number),
      exp: (claims['iat'] as number) + THIRTY_DAYS,
      jti: expect.stringMatching(UUID),
    });
    expect(claims['iat']).toBeGreaterThanOrEqual(before);
    expect(claims['iat']).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('stores the account as the older backend reads it', async () => {
    const email = `${randomUUID()}@example.com`;
    const { body } = await register({ email, password: 'correct horse battery' }).expect(201);

    expect(await row(body.user_id as string)).toEqual({
      user_id: body.user_id,
      email,
      // The parameters of the tests' configuration; 16 bytes of salt and 32 of hash.
      password_hash: expect.stringMatching(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}$/),
      key_salt: Buffer.from(body.key_salt as string, 'hex').toString('base64'),
      created_at: Date.parse(body.user.created_at as string) / 1000,
      created_at_iso: body.user.created_at,
    });
  });

  it('claims the email in a row that is not in the index of emails', async () => {
    const { userId, email } = await registerAccount(app);

    expect(await row(`email#${email}`)).toEqual({ user_id: `email#${email}`, owner_id: userId });
  });

  it('gives every account a salt and a token id of its own', async () => {
    const bodies = await Promise.all(
      [1, 2, 3].map(async () =>
        register({ email: `${randomUUID()}@example.com`, password: 'the same password' }).expect(201),
      ),
    );

    expect(new Set(bodies.map(({ body }) => body.key_salt as string)).size).toBe(3);
    expect(new Set(bodies.map(({ body }) => decodeToken(body.token as string).claims['jti'])).size).toBe(3);
  });

  it('trims and lower-cases the email before anything else', async () => {
    const id = randomUUID();

    const { body } = await register({
      email: ` \t Ada.${id.toUpperCase()}@EXAMPLE.com\n`,
      password: 'correct horse battery',
    });

    expect(body.user).toEqual({
      user_id: body.user_id,
      email: `ada.${id}@example.com`,
      created_at: expect.any(String),
    });
    expect(await row(body.user_id as string)).toMatchObject({ email: `ada.${id}@example.com` });
  });

  it('refuses an email that has an account, in any spelling, with 409', async () => {
    const { email } = await registerAccount(app);

    for (const spelling of [email, email.toUpperCase(), `  ${email} `]) {
      expectProblem(await register({ email: spelling, password: 'another password' }), {
        status: 409,
        detail: 'User already exists',
        instance: '/api/register',
      });
    }
  });

  it('sets no field that the client sends besides email and password', async () => {
    const userId = randomUUID();
    const { body } = await register({
      email: `${randomUUID()}@example.com`,
      password: 'correct horse battery',
      user_id: userId,
      key_salt: '00',
      created_at: 0,
      password_hash: 'x',
    }).expect(201);

    expect(await row(userId)).toBeUndefined();
    expect(await row(body.user_id as string)).toMatchObject({
      key_salt: Buffer.from(body.key_salt as string, 'hex').toString('base64'),
      password_hash: expect.stringMatching(/^\$argon2id\$/),
      created_at: Date.parse(body.user.created_at as string) / 1000,
    });
  });

  it('never shows the hash of the password', async () => {
    const { email, password, userId } = await registerAccount(app);
    const stored = (await row(userId)) as { password_hash: string };
    const answers = await Promise.all([
      register({ email, password }),
      register({ email: `${randomUUID()}@example.com`, password }),
      register({ email, password: 'short' }),
      app.http.post('/api/login').send({ email, password }),
      app.http.post('/api/login').send({ email, password: 'wrong password' }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([409, 201, 400, 200, 401]);
    for (const { text, headers } of answers) {
      expect(text + JSON.stringify(headers)).not.toMatch(/argon2/);
      expect(text).not.toContain(stored.password_hash.split('$').at(-1));
    }
  });
});
