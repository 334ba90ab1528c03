import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'correct horse battery';
const WRONG = 'wrong password';
const TOO_MANY = { status: 429, detail: 'Too many requests' };

/** An address that no test has used. */
const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
const newEmail = () => `${randomUUID()}@example.com`;

/** Compares the whole of a refusal: the problem, the policy, and that both headers name the same time. */
function expectRefusal(answer: Response, instance: string, policy: string, longest = 60): void {
  expectProblem(answer, { ...TOO_MANY, instance });
  const seconds = Number(answer.headers['retry-after']);
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(longest);
  const name = policy.split(';')[0];
  expect(answer.headers).toMatchObject({ 'ratelimit-policy': policy, ratelimit: `${name};r=0;t=${seconds}` });
}

const statuses = (answers: Response[]) => answers.map(({ status }) => status).sort();
const times = (count: number, status: number) => Array<number>(count).fill(status);

describe('the limits', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ RATE_LIMIT: 'on', TRUST_PROXY: '1' });
  });

  afterAll(() => app.close());

  const post = (path: string, address: string, body: object) =>
    app.http.post(path).set('X-Forwarded-For', address).send(body);
  const register = (address: string) =>
    post('/api/register', address, { email: newEmail(), password: PASSWORD });
  const login = (address: string, email: string, password: string) =>
    post('/api/login', address, { email, password });
  /** A user registered from an address of its own. */
  async function signUp() {
    const email = newEmail();
    const { body } = await post('/api/register', newAddress(), { email, password: PASSWORD }).expect(201);
    return { email, authorization: { Authorization: `Bearer ${body.token}` } };
  }

  it('let an address register five times a minute and refuse the sixth', async () => {
    const address = newAddress();
    for (const left of [4, 3, 2, 1, 0]) {
      const { headers } = await register(address).expect(201);
      expect(headers).toMatchObject({
        'ratelimit-policy': '"register";q=5;w=60',
        ratelimit: expect.stringMatching(new RegExp(`^"register";r=${left};t=(60|5\\d)$`)),
      });
    }

    expectRefusal(await register(address), '/api/register', '"register";q=5;w=60');
    await register(newAddress()).expect(201);
  });

  it('let an address log in ten times a minute, whoever it tries to be, and refuse the eleventh', async () => {
    const address = newAddress();
    for (let i = 0; i < 10; i++) {
      const { headers } = await login(address, newEmail(), WRONG).expect(401);
      expect(headers['ratelimit-policy']).toBe('"login";q=10;w=60');
    }

    expectRefusal(await login(address, newEmail(), WRONG), '/api/login', '"login";q=10;w=60');
    await login(newAddress(), newEmail(), WRONG).expect(401);
  });

  it('let a user record thirty files a minute, from wherever, and refuse the next one', async () => {
    const [user, another] = [await signUp(), await signUp()];
    const create = (authorization: { Authorization: string }) =>
      post('/api/audio-file', newAddress(), { s3_key: 'recordings/monday.m4a' }).set(authorization);

    const answers = await Promise.all(Array.from({ length: 30 }, () => create(user.authorization)));

    expect(statuses(answers)).toEqual(times(30, 201));
    expectRefusal(await create(user.authorization), '/api/audio-file', '"create";q=30;w=60');
    await create(another.authorization).expect(201);
    await app.http.get('/api/user/audio-files').set(user.authorization).expect(200);
  });

  it('delay an address after five wrong guesses at an account, also for the right password', async () => {
    const { email } = await signUp();
    const address = newAddress();
    for (let i = 0; i < 5; i++) await login(address, email, WRONG).expect(401);

    const policy = '"login-failures-by-address";q=5;w=900';
    expectRefusal(await login(address, email, WRONG), '/api/login', policy, 30);
    expectRefusal(await login(address, email, PASSWORD), '/api/login', policy, 30);
    await login(newAddress(), email, PASSWORD).expect(200);
  });

  it('count a login that succeeds for nothing', async () => {
    const { email } = await signUp();
    const address = newAddress();
    for (let i = 0; i < 4; i++) await login(address, email, WRONG).expect(401);
    await login(address, email, PASSWORD).expect(200);

    for (let i = 0; i < 5; i++) await login(address, email, WRONG).expect(401);
  });

  it.each(['an account', 'an email without an account'])(
    'delay guesses at %s that come from many addresses, in the same words',
    async (which) => {
      const email = which === 'an account' ? (await signUp()).email : newEmail();
      for (let i = 0; i < 10; i++) await login(newAddress(), email, WRONG).expect(401);

      const refused = await login(newAddress(), email, WRONG);
      expectRefusal(refused, '/api/login', '"login-failures";q=10;w=900', 30);
      await login(newAddress(), newEmail(), WRONG).expect(401);
    },
  );

  it('let the owner log in where that worked before, while an attacker is refused everywhere', async () => {
    const { email } = await signUp();
    const home = newAddress();
    await login(home, email, PASSWORD).expect(200);

    const attack = await Promise.all(Array.from({ length: 40 }, () => login(newAddress(), email, WRONG)));
    const owner = await login(home, email, PASSWORD);
    const attacker = await login(newAddress(), email, PASSWORD);

    expect(statuses(attack)).toEqual([...times(10, 401), ...times(30, 429)]);
    expect(owner.status).toBe(200);
    expect(owner.body).toMatchObject({ user: { email } });
    expectRefusal(attacker, '/api/login', '"login-failures";q=10;w=900', 30);
  });

  it('let the owner log in from where the account was made, also without a login before the attack', async () => {
    const home = newAddress();
    const email = newEmail();
    await post('/api/register', home, { email, password: PASSWORD }).expect(201);

    const attack = await Promise.all(Array.from({ length: 40 }, () => login(newAddress(), email, WRONG)));
    expect(statuses(attack)).toEqual([...times(10, 401), ...times(30, 429)]);
    await login(home, email, PASSWORD).expect(200);
  });

  it('believe the last address only, which the proxy wrote itself', async () => {
    const address = newAddress();
    const answers: number[] = [];
    for (let i = 0; i < 6; i++) answers.push((await register(`${newAddress()}, ${address}`)).status);

    expect(answers).toEqual([...times(5, 201), 429]);
  });

  it('count the addresses of one IPv6 /64 together', async () => {
    const answers: number[] = [];
    for (let i = 1; i <= 6; i++) answers.push((await register(`2001:db8:5:6:${i}::${i}`)).status);

    expect(answers).toEqual([...times(5, 201), 429]);
    await register('2001:db8:5:7::1').expect(201);
  });
});

describe('simultaneous guesses', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ RATE_LIMIT: 'on', TRUST_PROXY: '1', RATE_LIMIT_LOGIN: '1000' });
  });

  afterAll(() => app.close());

  it.each([
    ['one address', 5, () => '198.51.100.1'],
    ['an address each', 10, newAddress],
  ])('from %s are checked %i times however many there are', async (_, limit, address) => {
    const email = newEmail();
    await app.http.post('/api/register').send({ email, password: PASSWORD }).expect(201);

    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        app.http.post('/api/login').set('X-Forwarded-For', address()).send({ email, password: WRONG }),
      ),
    );

    expect(statuses(answers)).toEqual([...times(limit, 401), ...times(50 - limit, 429)]);
  });
});

describe('without TRUST_PROXY', () => {
  it('no header that names an address evades a limit', async () => {
    const app = await startTestApp({ RATE_LIMIT: 'on' });
    try {
      const answers: number[] = [];
      for (let i = 0; i < 6; i++) {
        const address = newAddress();
        const claimed = { 'X-Forwarded-For': address, 'X-Real-IP': address, Forwarded: `for=${address}` };
        const body = { email: newEmail(), password: PASSWORD };
        answers.push((await app.http.post('/api/register').set(claimed).send(body)).status);
      }

      expect(answers).toEqual([...times(5, 201), 429]);
    } finally {
      await app.close();
    }
  });
});

describe('where limits are off, as by default outside of production', () => {
  it('nothing is refused and no header speaks of them', async () => {
    const app = await startTestApp();
    try {
      const email = newEmail();
      for (let i = 0; i < 20; i++) {
        const body = { email, password: WRONG };
        const { headers } = await app.http.post('/api/login').send(body).expect(401);
        expect(Object.keys(headers).filter((name) => /ratelimit|retry/i.test(name))).toEqual([]);
      }
    } finally {
      await app.close();
    }
  });
});
