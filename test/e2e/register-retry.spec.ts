import { createHash, randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Behaviour, type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { expectProblem } from '../support/problems.js';
import { everyRow, rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/register';
const EXISTS = { status: 409, detail: 'User already exists', instance: PATH };
const UNAVAILABLE = { status: 503, detail: 'The service is temporarily unavailable', instance: PATH };
const DAY = 24 * 60 * 60;

describe('POST /api/register with an Idempotency-Key', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: { email: string; password: string };
  let key: string;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  beforeEach(() => {
    stub.behave(() => 'forward');
    ada = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    key = randomUUID();
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const register = (body: object = ada, idempotencyKey: string | undefined = key, { http } = app) =>
    http.post(PATH).set('Idempotency-Key', idempotencyKey).send(body);
  const registerWithoutKey = () => app.http.post(PATH).send(ada);
  const account = async (userId: string) =>
    (await rowsOf(app, userId)).users.find((row) => row['user_id'] === userId);
  const accountsOfAda = async () =>
    (await everyRow(app)).filter((row) => row.includes(JSON.stringify(['email', ada.email])));
  const eventsOf = (userId: string) =>
    app.logs.filter(({ audit, user_id }) => audit && user_id === userId).map(({ audit }) => audit);

  async function age(userId: string, seconds: number): Promise<void> {
    const row = { ...(await account(userId)), created_at: Math.floor(Date.now() / 1000) - seconds };
    await app.rows.send(new PutCommand({ TableName: app.config.tables.users, Item: row }));
  }

  it('answers 201 and, repeated, 200 with the same account and a fresh token', async () => {
    const first = await register().expect(201);
    const second = await register({ ...ada, email: ` ${ada.email.toUpperCase()}` }).expect(200);
    expect(second.body).toEqual({ ...first.body, token: expect.any(String) });
    expect(second.body.token).not.toBe(first.body.token);
    expect([first, second].map(({ headers }) => headers['location'] as unknown)).toEqual([
      '/api/user',
      undefined,
    ]);
    for (const { body } of [first, second]) {
      const authorization = { Authorization: `Bearer ${body.token as string}` };
      expect((await app.http.get('/api/user').set(authorization).expect(200)).body).toEqual(first.body.user);
    }
    expect(await accountsOfAda()).toHaveLength(1);
    expect(eventsOf(first.body.user_id as string)).toEqual(['register', 'login']);
  });

  it('keeps the hash of the key and never the key', async () => {
    const { body } = await register().expect(201);
    const row = await account(body.user_id as string);
    expect(row).toMatchObject({ registration_key: createHash('sha256').update(key).digest('base64url') });
    expect(JSON.stringify([row, app.logs])).not.toContain(key);
  });

  it.each([
    ['another key', () => register(ada, randomUUID())],
    ['the key in capitals', () => register(ada, key.toUpperCase())],
    ['no key', () => registerWithoutKey()],
    ['another password', () => register({ ...ada, password: 'another password' })],
  ])('answers 409 to a request with %s, and opens nothing', async (_case, again) => {
    key = `k${key}`;
    const { body } = await register().expect(201);
    expectProblem(await again(), EXISTS);
    expect((await rowsOf(app, body.user_id as string)).sessions).toHaveLength(1);
  });

  it('answers 409 where the account was registered without a key', async () => {
    const { body } = await registerWithoutKey().expect(201);
    expect(await account(body.user_id as string)).not.toHaveProperty('registration_key');
    expectProblem(await register(), EXISTS);
  });

  it('takes a repeated request for 24 hours', async () => {
    const { body } = await register().expect(201);
    await age(body.user_id as string, DAY - 60);
    await register().expect(200);
    await age(body.user_id as string, DAY);
    expectProblem(await register(), EXISTS);
  });

  it.each([
    ['200 with it', 200, () => key],
    ['409 with another key', 409, () => randomUUID()],
  ])('answers, where the account is made after it found none, %s', async (_case, status, keyOfSecond) => {
    const made: unknown[] = [];
    stub.behave(async ({ operation, attempt }): Promise<Behaviour> => {
      const isFirst = operation === 'TransactWriteItems' && attempt === 1;
      if (isFirst) made.push((await register().expect(201)).body);
      return 'forward';
    });
    const { body } = await register(ada, keyOfSecond()).expect(status);
    if (status === 200) expect(made).toEqual([{ ...body, token: expect.any(String) }]);
    expect(await accountsOfAda()).toHaveLength(1);
  });

  it('makes one account of simultaneous requests, and tells one of them that it is new', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => register()));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body.user_id as string)).size).toBe(1);
    expect(await accountsOfAda()).toHaveLength(1);
  });

  it('answers 503 to a registration of which every answer is lost, and 200 to the same request later', async () => {
    stub.behave(({ operation }) => (operation === 'TransactWriteItems' ? 'forward-then-cut' : 'forward'));
    expectProblem(await register(), UNAVAILABLE);
    stub.behave(() => 'forward');
    await register().expect(200);
    expect(await accountsOfAda()).toHaveLength(1);
  });

  it('answers 503, and not 409, while it cannot read what was registered', async () => {
    await register().expect(201);
    stub.behave(({ operation }) => (operation === 'GetItem' ? 'cut' : 'forward'));
    expectProblem(await register(), UNAVAILABLE);
  });

  it('counts wrong passwords as a login does', async () => {
    const limits = { RATE_LIMIT: 'on', RATE_LIMIT_REGISTER: '1000', RATE_LIMIT_FAILURES_BY_ADDRESS: '3' };
    const limited = await startTestApp(limits);
    try {
      await register(ada, key, limited).expect(201);
      const guess = { ...ada, password: 'wrong password' };
      for (let i = 0; i < 3; i++) expectProblem(await register(guess, key, limited), EXISTS);
      expect(limited.logs.filter(({ audit }) => audit === 'login-failed')).toHaveLength(3);
      await register(ada, key, limited).expect(429);
      await limited.http.post('/api/login').send(ada).expect(429);
    } finally {
      await limited.close();
    }
  });
});
