import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { craftToken, decodeToken } from '../support/crafted-tokens.js';
import { olderToken, OLDER_PASSWORD, putOlderUser } from '../support/older-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const WRONG = 'wrong password';
const PREVIOUS_KEY = 'e242ed3bffccdf271b7fbaf34ed72d08';
const BY_SESSION = '"login-failures-by-session";q=5;w=900';
const BY_ADDRESS = '"login-failures-by-address";q=5;w=900';
/** The user agent of the stranger. */
const CURL = 'curl/8.5.0';
const RECORDER = 'Recorder/2.1';

const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const times = (count: number, status: number) => Array<number>(count).fill(status);

describe('the limits on guessing: a stranger can delay strangers, not the owner', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ RATE_LIMIT: 'on', TRUST_PROXY: '1', SECRET_KEY_PREVIOUS: PREVIOUS_KEY });
  });

  afterAll(() => app.close());

  interface From {
    address?: string;
    headers?: Record<string, string>;
    userAgent?: string;
  }
  const at = ({ address = newAddress(), headers = {}, userAgent = CURL }: From) => ({
    'X-Forwarded-For': address,
    'User-Agent': userAgent,
    ...headers,
  });
  const login = (email: string, password: string, from: From = {}) =>
    app.http.post('/api/login').set(at(from)).send({ email, password });
  const changePassword = (account: Account, current: string, from: From = {}) =>
    app.http
      .put('/api/user/password')
      .set(at({ ...from, headers: account.authorization }))
      .send({ current_password: current, new_password: account.password });
  const deleteAccount = (account: Account, password: string, from: From = {}) =>
    app.http
      .delete('/api/user')
      .set(at({ ...from, headers: account.authorization }))
      .send({ password });
  const statusesOf = async (count: number, request: (i: number) => PromiseLike<Response>) => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i++) statuses.push((await request(i)).status);
    return statuses;
  };
  const signUp = async (): Promise<Account> => {
    const email = `${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    const { body } = await app.http.post('/api/register').set(at({})).send({ email, password }).expect(201);
    const { user_id: userId, token } = body as { user_id: string; token: string };
    return { email, password, userId, token, authorization: bearer(token) };
  };
  /** Guesses from many addresses, until everybody who is not known is refused. */
  const attack = async ({ email }: Pick<Account, 'email'>) => {
    const answers = await Promise.all(Array.from({ length: 14 }, () => login(email, WRONG)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...times(10, 401), ...times(4, 429)]);
  };

  it('the signed-in owner changes the password at a new address while strangers guess', async () => {
    const account = await signUp();
    await attack(account);
    await changePassword(account, WRONG).expect(403);
    await changePassword(account, account.password).expect(200);
  });

  it('the signed-in owner deletes the account at a new address while strangers guess', async () => {
    const account = await signUp();
    await attack(account);
    await deleteAccount(account, WRONG).expect(403);
    await deleteAccount(account, account.password).expect(200);
  });

  it('whoever guesses with a token is slowed down wherever it is used, and keeps nobody else out', async () => {
    const account = await signUp();
    const stolen = await signIn(app, account);
    expect(await statusesOf(2, () => changePassword(stolen, WRONG))).toEqual(times(2, 403));
    expect(await statusesOf(2, () => deleteAccount(stolen, WRONG))).toEqual(times(2, 403));
    await login(account.email, WRONG, { headers: stolen.authorization }).expect(401);
    for (const refused of [
      await changePassword(stolen, WRONG),
      await deleteAccount(stolen, account.password),
      await login(account.email, account.password, { headers: stolen.authorization }),
    ]) {
      expect(refused.status).toBe(429);
      expect(refused.headers['ratelimit-policy']).toBe(BY_SESSION);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(30);
    }

    await login(account.email, account.password).expect(200);
    await changePassword(account, account.password).expect(200);
  });

  it('the owner logs in from behind an address where a stranger guesses, with a token of the account', async () => {
    const account = await signUp();
    const address = newAddress();
    expect(await statusesOf(7, () => login(account.email, WRONG, { address }))).toEqual([
      ...times(5, 401),
      ...times(2, 429),
    ]);

    const proof = { address, headers: account.authorization, userAgent: RECORDER };
    await login(account.email, account.password, proof).expect(200);
    // The stranger gains nothing by it.
    await login(account.email, WRONG, { address }).expect(429);
  });

  it('the owner logs in with a token though a stranger makes all the logins that the address may make', async () => {
    const account = await signUp();
    const stranger = await signUp();
    const address = newAddress();
    await statusesOf(12, () => login(`${randomUUID()}@example.com`, WRONG, { address }));

    const { headers } = await login(account.email, account.password, { address });
    expect(headers['ratelimit-policy']).toBe('"login";q=10;w=60');
    await login(account.email, account.password, { address, headers: account.authorization }).expect(200);
    for (const email of [account.email, `${randomUUID()}@example.com`]) {
      const foreign = await login(email, WRONG, { address, headers: stranger.authorization });
      expect([foreign.status, foreign.headers['ratelimit-policy']]).toEqual([429, '"login";q=10;w=60']);
    }
  });

  it('a token proves the device of the owner also where it has expired, its session has ended, or its key is older', async () => {
    const account = await signUp();
    const { claims } = decodeToken(account.token);
    await app.http
      .post('/api/logout')
      .set(account.authorization)
      .set('X-Forwarded-For', newAddress())
      .expect(200);
    await attack(account);
    const now = Math.floor(Date.now() / 1000);
    const past = { ...claims, iat: now - 4_000_000, exp: now - 1_000_000 };
    const older = { user_id: account.userId, iat: now - 4_000_000, exp: now - 1_000_000 };
    const key = app.config.secretKey;
    for (const token of [
      account.token,
      craftToken(past, key),
      craftToken(older, key),
      craftToken(past, PREVIOUS_KEY),
    ]) {
      await login(account.email, account.password, { headers: bearer(token) }).expect(200);
    }
  });

  it('a token that is not of this account, or not of ours, changes no answer to a login', async () => {
    const account = await signUp();
    const other = await signUp();
    await attack(account);
    const { claims } = decodeToken(account.token);
    const undated = { ...claims, iat: undefined };
    const key = app.config.secretKey;
    const tokens = {
      foreign: other.token,
      'signed by somebody else': craftToken(claims, 'f1d2d2f924e986ac86fdf7b36c94bcdf'),
      'of no algorithm': craftToken(claims, key, { alg: 'none' }),
      'of another algorithm': craftToken(claims, key, { alg: 'HS512' }, 'sha512'),
      'without a time of issue': craftToken(undated, key),
      'of the future': craftToken({ ...claims, iat: Math.floor(Date.now() / 1000) + 3600 }, key),
      null: craftToken(null, key),
      'cut off': account.token.slice(0, -10),
      garbage: 'garbage',
    };
    for (const [kind, token] of Object.entries(tokens)) {
      const answer = await login(account.email, account.password, { headers: bearer(token) });
      expect([kind, answer.status, answer.headers['ratelimit-policy']]).toEqual([
        kind,
        429,
        '"login-failures";q=10;w=900',
      ]);
    }
  });

  it('a login with a token fails in the same words and headers as one without', async () => {
    const account = await registerAccount(app);
    const without = await login(account.email, WRONG);
    const unknown = await login(`${randomUUID()}@example.com`, WRONG, { headers: account.authorization });
    const withToken = await login(account.email, WRONG, { headers: account.authorization });
    const comparable = ({ status, headers, body }: Response) => {
      expect((body as { request_id: string }).request_id).toBe(headers['x-request-id']);
      return {
        status,
        headers: { ...(headers as object), 'x-request-id': '', date: '' },
        body: { ...(body as object), request_id: '' },
      };
    };
    expect(comparable(withToken)).toEqual(comparable(without));
    expect(comparable(unknown)).toEqual(comparable(without));
  });

  it('a device that logged in at an address before is not held up by others there', async () => {
    const account = await signUp();
    const home = newAddress();
    await login(account.email, account.password, { address: home, userAgent: RECORDER }).expect(200);
    const guesses = await statusesOf(7, (i) =>
      login(account.email, WRONG, { address: home, userAgent: `Other/${i}` }),
    );
    expect(guesses).toEqual([...times(5, 401), ...times(2, 429)]);

    await login(account.email, account.password, { address: home, userAgent: RECORDER }).expect(200);
    const refused = await login(account.email, account.password, { address: home });
    expect([refused.status, refused.headers['ratelimit-policy']]).toEqual([429, BY_ADDRESS]);
  });

  it('the device that made the account is one of those', async () => {
    const [email, password, home] = [`${randomUUID()}@example.com`, 'correct horse battery', newAddress()];
    const from = { address: home, userAgent: RECORDER };
    await app.http.post('/api/register').set(at(from)).send({ email, password }).expect(201);
    await statusesOf(7, () => login(email, WRONG, { address: home }));

    await login(email, password, from).expect(200);
  });

  it('a repeated registration is counted in the same way', async () => {
    const [email, password, key] = [`${randomUUID()}@example.com`, 'correct horse battery', randomUUID()];
    const register = (sent: string, headers: Record<string, string> = {}) =>
      app.http
        .post('/api/register')
        .set({ ...at({ headers }), 'Idempotency-Key': key })
        .send({ email, password: sent });
    const { body } = await register(password).expect(201);
    await attack({ email });

    await register(password).expect(429);
    await register(password, bearer((body as { token: string }).token)).expect(200);
  });

  // The last one: from then on failures take as long as a hash of the older backend.
  it('an owner with a token of the older backend is held up neither', async () => {
    const { user_id: userId, email } = await putOlderUser(app);
    const owner = {
      email,
      userId,
      password: OLDER_PASSWORD,
      token: '',
      authorization: olderToken(app, userId),
    };
    await attack(owner);
    await changePassword(owner, owner.password).expect(200);
  });
});
