import { generateKeyPairSync, randomInt, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { readConfig } from '../../src/config/read-config.js';
import { type Account, registerAccount } from '../support/accounts.js';
import { craftToken, decodeToken, signingInput } from '../support/crafted-tokens.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PROFILE = '/api/user';
const PASSWORD = 'correct horse battery';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
const newEmail = () => `${randomUUID()}@example.com`;

/** One test for each point that is about passwords, tokens and sessions; ids are of OWASP ASVS 5.0 unless said. */
describe('security checklist: passwords, tokens and sessions', () => {
  /** Without limits, which are not what most points are about. */
  let app: TestApp;
  /** As in production. */
  let guarded: TestApp;
  let account: Account;

  beforeAll(async () => {
    app = await startTestApp();
    guarded = await startTestApp({ RATE_LIMIT: 'on', TRUST_PROXY: '1', PASSWORD_BLOCKLIST: 'common' });
    account = await registerAccount(app);
  });

  afterAll(async () => {
    await app.close();
    await guarded.close();
  });

  const register = (password: string, email = newEmail()) =>
    app.http.post('/api/register').send({ email, password });
  const login = (email: string, password: string) => app.http.post('/api/login').send({ email, password });
  const guardedPost = (path: string, address: string, body: object) =>
    guarded.http.post(path).set('X-Forwarded-For', address).send(body);
  const ask = (token: string) => app.http.get(PROFILE).set('Authorization', `Bearer ${token}`);

  async function expectRefused(token: string): Promise<void> {
    const answer = await ask(token);
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: PROFILE });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }
  const expectAccepted = (token: string) => ask(token).expect(200);
  /** The claims of a token that is accepted, with some of them changed. */
  const claims = (overrides: object = {}) => ({ ...decodeToken(account.token).claims, ...overrides });
  const fromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

  async function expectPasswordWorks(password: string): Promise<void> {
    const email = newEmail();
    await register(password, email).expect(201);
    await login(email, password).expect(200);
  }

  it('6.2.9 accepts 64 characters and more, and refuses over 256', async () => {
    for (const length of [64, 65, 128, 256]) await expectPasswordWorks('ab'.repeat(128).slice(0, length));

    const detail = 'Password must be at most 256 characters';
    const errors = [{ field: 'password', message: detail }];
    const answer = await register('a'.repeat(257));
    expectProblem(answer, { status: 400, detail, instance: '/api/register', errors });
  });

  it('6.2.5 accepts lower-case and Unicode passphrases: there are no rules of composition', async () => {
    for (const password of [
      'onlylowercase',
      '12345678',
      '        ',
      'съешь ещё этих булок',
      '🔋🐎🔋🐎🔋🐎🔋🐎',
    ])
      await expectPasswordWorks(password);
  });

  it('6.2.8 takes the password as it is: case, a trailing space and what follows byte 72 all matter', async () => {
    const password = `Pass ${'é'.repeat(40)} end`;
    const { email } = await registerAccount(app, { password });

    for (const other of [
      password.toLowerCase(),
      `${password} `,
      ` ${password}`,
      password.replace('end', 'enD'),
    ])
      await login(email, other).expect(401);
    await login(email, password.normalize('NFD')).expect(401);
    await login(email, password).expect(200);
  });

  it('6.2.4 refuses the most common passwords', async () => {
    for (const password of ['password1', 'iloveyou', 'Qwertyuiop']) {
      const answer = await guardedPost('/api/register', newAddress(), { email: newEmail(), password });
      const detail = 'Password is one of the most common ones';
      const errors = [{ field: 'password', message: detail }];
      expectProblem(answer, { status: 400, detail, instance: '/api/register', errors });
    }
  });

  it('6.2.2/6.2.3 lets users change their password, who need the current one for it', async () => {
    const { email, authorization } = await registerAccount(app);
    const change = (body: object) => app.http.put('/api/user/password').set(authorization).send(body);
    const new_password = 'staple battery horse';

    const without = await change({ new_password });
    const wrong = await change({ current_password: 'wrong password', new_password });
    const right = await change({ current_password: PASSWORD, new_password });

    expect([without.status, wrong.status, right.status]).toEqual([400, 403, 200]);
    const instance = '/api/user/password';
    expectProblem(wrong, { status: 403, detail: 'Current password is incorrect', instance });
    await login(email, PASSWORD).expect(401);
    await login(email, new_password).expect(200);
  });

  it('6.3.1 answers guess N+1 with 429 and Retry-After', async () => {
    const [email, address] = [newEmail(), newAddress()];
    const guess = () => guardedPost('/api/login', address, { email, password: 'wrong password' });
    for (let i = 0; i < 5; i++) await guess().expect(401);

    const answer = await guess();
    expectProblem(answer, { status: 429, detail: 'Too many requests', instance: '/api/login' });
    expect(answer.headers['retry-after']).toMatch(/^(30|2\d)$/);
  });

  it('6.1.1 does not let a stranger lock the owner out', async () => {
    const [owner, home] = [{ email: newEmail(), password: PASSWORD }, newAddress()];
    await guardedPost('/api/register', home, owner).expect(201);
    await guardedPost('/api/login', home, owner).expect(200);

    const attack = { ...owner, password: 'wrong password' };
    for (let i = 0; i < 10; i++) await guardedPost('/api/login', newAddress(), attack).expect(401);

    await guardedPost('/api/login', newAddress(), attack).expect(429);
    await guardedPost('/api/login', home, owner).expect(200);
  });

  it('6.3.8 answers an unknown email and a wrong password with the same body and headers', async () => {
    const email = newEmail();
    await guardedPost('/api/register', newAddress(), { email, password: PASSWORD }).expect(201);
    const guess = (of: string) =>
      guardedPost('/api/login', newAddress(), { email: of, password: 'wrong password' }).expect(401);
    const comparable = ({ headers, body }: Response) => ({
      body: { ...body, request_id: '' },
      headers: Object.entries(headers).map((pair) =>
        /^(date|x-request-id)$/.test(pair[0]) ? pair[0] : pair,
      ),
    });

    expect(comparable(await guess(newEmail()))).toEqual(comparable(await guess(email)));
  });

  it('9.1.1 refuses a token of which any one byte was changed', async () => {
    const { token } = account;
    // The highest bit of each character, which is never a spare one at the end of a part (RFC 4648 §3.5).
    const changed = Array.from(token, (character, i) => {
      const other = character === '.' ? '-' : BASE64URL[BASE64URL.indexOf(character) ^ 32];
      return token.slice(0, i) + other + token.slice(i + 1);
    });

    for (let i = 0; i < changed.length; i += 50)
      await Promise.all(changed.slice(i, i + 50).map(expectRefused));
    await expectAccepted(token);
  });

  it('9.1.2 and RFC 8725 §3.1 refuses none, RS256 and HS512, also where the secret is the key', async () => {
    const { secretKey } = app.config;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const alg of ['none', 'None', 'NONE']) await expectRefused(`${signingInput({ alg }, claims())}.`);
    await expectRefused(craftToken(claims(), secretKey, { alg: 'none' }));
    await expectRefused(craftToken(claims(), secretKey, { alg: 'RS256' }));
    await expectRefused(craftToken(claims(), secretKey, { alg: 'HS512' }, 'sha512'));
    const input = signingInput({ alg: 'RS256', typ: 'JWT' }, claims());
    await expectRefused(`${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`);
    await expectAccepted(craftToken(claims(), secretKey));
  });

  it('9.1.3 gives jku, jwk, x5u and a kid with path traversal no effect', async () => {
    const own = 'a key that the attacker has made up';
    const jwk = { kty: 'oct', alg: 'HS256', k: Buffer.from(own).toString('base64url') };
    const url = 'https://attacker.example/keys';
    for (const header of [{ jku: url }, { jwk }, { x5u: url }, { kid: '../../../../dev/null' }]) {
      await expectRefused(craftToken(claims(), own, header));
      await expectRefused(craftToken(claims(), '', header));
      await expectAccepted(craftToken(claims(), app.config.secretKey, header));
    }
  });

  it('9.2.1 refuses a token that is expired or not valid yet, with a leeway of 60 seconds at most', async () => {
    const timed = (times: object) => craftToken(claims(times), app.config.secretKey);
    for (const times of [
      { exp: fromNow(-61) },
      { exp: undefined },
      { nbf: fromNow(70) },
      { iat: fromNow(70) },
    ])
      await expectRefused(timed(times));
    await expectAccepted(timed({ exp: fromNow(20), nbf: fromNow(30) }));
  });

  it('RFC 7518 §3.2 refuses to start with a key under 32 bytes', () => {
    const start = (SECRET_KEY: string) => readConfig({ NODE_ENV: 'test', SECRET_KEY });
    const problem = 'SECRET_KEY must be set to at least 32 random bytes, e.g. from: openssl rand -hex 32';

    for (const key of ['', 'a'.repeat(31), `${'é'.repeat(15)}a`])
      expect(() => start(key)).toThrow(expect.objectContaining({ problems: [problem] }));
    expect(start('é'.repeat(16)).secretKey).toBe('é'.repeat(16));
  });

  it('7.4.1 ends a token with logout', async () => {
    const { token, authorization } = await registerAccount(app);
    await app.http.post('/api/logout').set(authorization).expect(200);

    await expectRefused(token);
  });

  it('7.4.2 ends all tokens with the deletion of the account', async () => {
    const { email, token, authorization } = await registerAccount(app);
    const another = await login(email, PASSWORD).expect(200);
    await expectAccepted(another.body.token as string);
    await app.http.delete('/api/user').set(authorization).send({ password: PASSWORD }).expect(200);

    await expectRefused(token);
    await expectRefused(another.body.token as string);
  });

  it('7.4.3 ends all other tokens with a password change', async () => {
    const { email, token, authorization } = await registerAccount(app);
    const another = await login(email, PASSWORD).expect(200);
    await expectAccepted(another.body.token as string);
    const body = { current_password: PASSWORD, new_password: 'staple battery horse' };
    await app.http.put('/api/user/password').set(authorization).send(body).expect(200);

    await expectRefused(another.body.token as string);
    await expectAccepted(token);
  });

  it('RFC 6750 §3 names the scheme without a token and the error with a bad one', async () => {
    const without = await app.http.get(PROFILE).expect(401);
    expect(without.headers['www-authenticate']).toBe('Bearer');
    expectProblem(without, { status: 401, detail: 'Not authenticated', instance: PROFILE });
    await expectRefused('not.a.token');
  });
});
