import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('the log', () => {
  let app: TestApp;
  let account: Account;
  /** Lines before the first request. */
  let atStart: number;

  beforeAll(async () => {
    // Everything that could be logged.
    app = await startTestApp({ LOG_LEVEL: 'trace' });
    atStart = app.logs.length;
    account = await registerAccount(app);
  });

  afterAll(() => app.close());

  const accessLine = (id: string, of = app) =>
    findLogLine(of, ({ msg, request_id }) => msg === 'request' && request_id === id);
  const linesOf = (id: string) => app.logs.filter(({ request_id }) => request_id === id);

  it.each([
    ['POST', '/api/login', 400, '/api/login', 'nobody'],
    ['GET', '/api/health/live', 200, '/api/health/live', 'nobody'],
    ['GET', '/api/user/audio-files?limit=7', 200, '/api/user/audio-files', 'the caller'],
    ['GET', '/api/user/audio-files?limit=0', 400, '/api/user/audio-files', 'the caller'],
    ['GET', '/api/user/audio-files', 401, '/api/user/audio-files', 'nobody'],
    [
      'GET',
      '/api/audio-file/c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10',
      404,
      '/api/audio-file/:file_id',
      'the caller',
    ],
    ['DELETE', '/api/audio-file/some-secret', 404, '/api/audio-file/:file_id', 'the caller'],
    ['DELETE', '/api/register', 405, '/api/register', 'nobody'],
    ['GET', '/api/secret/path', 404, 'unmatched', 'nobody'],
    ['GET', '/secret/path', 404, 'unmatched', 'nobody'],
  ] as const)(
    'has one line for a request: %s %s answered with %i is of route %s and of %s',
    async (method, path, status, route, who) => {
      const id = randomUUID();
      const request = app.http[method.toLowerCase() as 'get' | 'post' | 'delete'](path).set(
        'X-Request-Id',
        id,
      );
      if (who === 'the caller') void request.set(account.authorization);
      if (method === 'POST') void request.send({});

      await request.expect(status);

      await accessLine(id);
      expect(linesOf(id)).toEqual([
        {
          level: 'info',
          pid: process.pid,
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          request_id: id,
          method,
          route,
          status,
          duration_ms: expect.any(Number),
          ...(who === 'the caller' && { user_id: account.userId }),
          msg: 'request',
        },
      ]);
    },
  );

  it('has the route of a request whose body could not be read', async () => {
    const id = randomUUID();

    await app.http
      .post('/api/login')
      .set({ 'X-Request-Id': id, 'Content-Type': 'application/json' })
      .send('{"email":')
      .expect(400);

    expect(await accessLine(id)).toMatchObject({ method: 'POST', route: '/api/login', status: 400 });
  });

  it('has the duration in milliseconds', async () => {
    const id = randomUUID();
    const started = performance.now();
    await app.http.get('/api/health').set('X-Request-Id', id).expect(200);
    const took = performance.now() - started;

    const { duration_ms } = await accessLine(id);

    expect(duration_ms).toBeGreaterThan(0);
    // It ends with the connection's part of the work, a moment after the client has the answer.
    expect(duration_ms).toBeLessThan(took + 1000);
  });

  it('names the request in every line that is written while it is served, also beside others', async () => {
    const { email } = await putOlderUser(app, { password_hash: 'malformed' });
    const ids = Array.from({ length: 8 }, () => randomUUID());

    await Promise.all(
      ids.map(async (id) =>
        app.http
          .post('/api/login')
          .set('X-Request-Id', id)
          .send({ email, password: 'whatever it is' })
          .expect(401),
      ),
    );

    for (const id of ids) {
      await accessLine(id);
      expect(linesOf(id).map(({ level, msg }) => ({ level, msg }))).toEqual([
        { level: 'error', msg: expect.stringMatching(/hash/) },
        { level: 'info', msg: 'audit' },
        { level: 'info', msg: 'request' },
      ]);
    }
    const anonymous = app.logs.slice(atStart).filter(({ request_id }) => typeof request_id !== 'string');
    expect(anonymous).toEqual([]);
  });

  it('holds no password, token, email, hash, salt, object key or piece of a body', async () => {
    const secret = () => randomUUID().slice(1);
    const email = `${secret()}@example.com`;
    const password = secret();
    const [wrongPassword, s3Key, wrongKey, piece, badToken, queried] = Array.from({ length: 6 }, secret);
    const last = randomUUID();
    const json = { 'Content-Type': 'application/json' };

    const { body } = await app.http.post('/api/register').send({ email, password }).expect(201);
    const authorization = { Authorization: `Bearer ${body.token}` };
    const signedIn = await app.http.post('/api/login').send({ email, password }).expect(200);
    await app.http.post('/api/register').send({ email, password }).expect(409);
    await app.http.post('/api/login').send({ email, password: wrongPassword }).expect(401);
    await app.http
      .post('/api/login')
      .send({ email: [email], password: { password } })
      .expect(400);
    await createAudioFile(app, { ...account, authorization }, { s3_key: s3Key });
    await app.http.get('/api/user/audio-files').set(authorization).expect(200);
    await app.http
      .post('/api/audio-file')
      .set(authorization)
      .send({ s3_key: `audio_upload/${wrongKey}` })
      .expect(403);
    await app.http
      .post('/api/audio-file')
      .set(authorization)
      .send({ s3_key: `/${wrongKey}` })
      .expect(400);
    await app.http.get('/api/user/audio-files').set('Authorization', `Bearer ${badToken}`).expect(401);
    await app.http.get('/api/user/audio-files').set('Authorization', `Basic ${badToken}`).expect(401);
    await app.http.get('/api/user/audio-files').query({ limit: queried, token: queried }).expect(401);
    await app.http.get('/api/user/audio-files').query({ limit: queried }).set(authorization).expect(400);
    await app.http.post('/api/register').set(json).send(`{"password":"${piece}`).expect(400);
    await app.http.post('/api/register').set(json).send(piece).expect(400);
    await app.http.post('/api/register').type('text/plain').send(piece).expect(415);
    await app.http.get(`/api/${piece}`).expect(404);
    const broken = await putOlderUser(app, { password_hash: `$argon3$${secret()}` });
    await app.http.post('/api/login').send({ email: broken.email, password }).expect(401);
    await app.http.get('/api/health/live').set('X-Request-Id', last).expect(200);
    await accessLine(last);

    const { Item: row } = await app.rows.send(
      new GetCommand({ TableName: app.config.tables.users, Key: { user_id: body.user_id } }),
    );
    const hash = (row as { password_hash: string }).password_hash;
    const tokens = [body.token, signedIn.body.token, account.token] as string[];
    const written = JSON.stringify(app.logs);
    expect(app.logs.length - atStart).toBeGreaterThanOrEqual(20);
    for (const hidden of [
      ...[email, email.split('@')[0], password, wrongPassword, s3Key, wrongKey, piece, badToken, queried],
      ...tokens.flatMap((token) => [token, ...token.split('.')]),
      ...[hash, hash.split('$').at(-1), broken.password_hash, broken.email],
      ...[body.key_salt as string, Buffer.from(body.key_salt as string, 'hex').toString('base64')],
      ...[app.config.secretKey, app.config.aws.credentials?.secretAccessKey ?? 'secretAccessKey'],
    ]) {
      expect(hidden).not.toBe('');
      if (hidden !== 'local') expect(written).not.toContain(hidden);
    }
  });

  it('holds none of them in an outage of the database either', async () => {
    const stub = await startDatabaseStub();
    // Reads work, so that the writes, which carry the secrets, are what fails.
    stub.behave(({ operation }) =>
      /^(Get|BatchGet|Query)/.test(operation) ? 'forward' : dynamoDbError(500, 'InternalServerError'),
    );
    const failing = await startTestApp({ LOG_LEVEL: 'trace', DYNAMODB_ENDPOINT: stub.endpoint });
    try {
      const [email, password, s3_key] = [`${randomUUID()}@example.com`, randomUUID(), randomUUID()];
      const id = randomUUID();
      await failing.http.post('/api/register').send({ email, password }).expect(503);
      const { user_id: userId } = await putOlderUser(failing);
      const authorization = olderToken(failing, userId);
      const headers = { ...authorization, 'X-Request-Id': id };
      await failing.http.post('/api/audio-file').set(headers).send({ s3_key }).expect(503);
      await accessLine(id, failing);

      expect(stub.calls).toEqual(expect.arrayContaining(['TransactWriteItems', 'PutItem']));
      const written = JSON.stringify(failing.logs);
      expect(written).toContain('InternalServerError');
      for (const hidden of [email, password, s3_key, authorization.Authorization.slice(7), 'argon2'])
        expect(written).not.toContain(hidden);
    } finally {
      await failing.close();
      await stub.close();
    }
  });
});

describe('X-Forwarded-For', () => {
  const warnings = ({ logs }: TestApp) => logs.filter(({ msg }) => msg.includes('X-Forwarded-For'));

  it.each([
    [{}, 1],
    [{ TRUST_PROXY: '1' }, 0],
    [{ TRUST_PROXY: '10.0.0.0/8' }, 0],
  ])(
    'where TRUST_PROXY is as in %j is warned of %i times, however often it comes',
    async (settings, times) => {
      const app = await startTestApp(settings);
      try {
        await app.http.get('/api/health/live').expect(200);
        expect(warnings(app)).toEqual([]);
        for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1']) {
          await app.http.get('/api/health/live').set('X-Forwarded-For', address).expect(200);
        }
        await app.http.post('/api/login').set('X-Forwarded-For', '192.0.2.3').send({}).expect(400);
        expect(warnings(app)).toHaveLength(times);
        for (const warning of warnings(app)) {
          expect(warning).toMatchObject({
            level: 'warn',
            msg: expect.stringContaining('TRUST_PROXY is not set'),
          });
          expect(JSON.stringify(warning)).not.toContain('192.0.2.');
        }
      } finally {
        await app.close();
      }
    },
  );
});
