import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { everyRow } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const newEmail = () => `${randomUUID()}@example.com`;

/** One test for each point that is about requests, answers, logs and failures; ids are of OWASP ASVS 5.0. */
describe('security checklist: requests, answers, logs and failures', () => {
  let app: TestApp;
  /** Works on the tables of `app` behind the stub, and never takes an answer about a session from its cache. */
  let failing: TestApp;
  let stub: DatabaseStub;
  let owner: Account;
  let stranger: Account;

  beforeAll(async () => {
    app = await startTestApp({ LOG_LEVEL: 'trace' });
    stub = await startDatabaseStub();
    const environment = { DYNAMODB_ENDPOINT: stub.endpoint, SESSION_CACHE_SECONDS: '0' };
    failing = await startTestApp({ ...environment, DATABASE_BUDGET_MS: '300' }, app);
    owner = await registerAccount(app);
    stranger = await registerAccount(app);
  });

  afterAll(async () => {
    await failing.close();
    await stub.close();
    await app.close();
  });

  it("8.2.2 keeps every verb off another's record and session, which stay as they are", async () => {
    const { file_id } = await createAudioFile(app, owner);
    const path = `/api/audio-file/${file_id}`;
    const session = `/api/user/sessions/${String(decodeToken(owner.token).claims['jti'])}`;
    const before = await everyRow(app);
    const send = (method: string, to: string) =>
      sendRaw(app, method, to, { headers: stranger.authorization });

    for (const method of ['GET', 'DELETE'])
      expectProblem(await send(method, path), { status: 403, detail: 'Access denied', instance: path });
    expect((await send('HEAD', path)).status).toBe(403);
    for (const method of ['PUT', 'PATCH', 'POST']) expect((await send(method, path)).status).not.toBe(200);
    const notFound = { status: 404, detail: 'Session not found', instance: session };
    expectProblem(await send('DELETE', session), notFound);
    expect((await send('GET', '/api/user/audio-files')).body).toEqual([]);
    expect(await everyRow(app)).toEqual(before);
  });

  it('15.3.3 ignores fields that a client may not set', async () => {
    const chosen = randomUUID();
    const more = {
      user_id: chosen,
      created_at: 1,
      key_salt: 'x',
      session_generation: 9,
      tokens_valid_from: 0,
    };
    const credentials = { email: newEmail(), password: 'correct horse battery' };
    const { body } = await app.http
      .post('/api/register')
      .send({ ...credentials, ...more, password_hash: 'x', role: 'admin' })
      .expect(201);
    const file = await createAudioFile(app, owner, { file_id: chosen, user_id: chosen, uploaded_at: 1 });

    expect(body.user_id).not.toBe(chosen);
    expect(file).toEqual(
      recordBody({
        file_id: expect.not.stringMatching(chosen),
        user_id: owner.userId,
        file_size: 482_133,
        uploaded_at: expect.stringMatching(/^20\d\d-/),
        recorded_at: '2025-09-24T18:30:00Z',
      }),
    );
    expect((await everyRow(app)).join()).not.toMatch(new RegExp(`${chosen}|admin|"session_generation",9`));
  });

  it('15.3.1 has no response with a hash in it', async () => {
    const { email, password, authorization } = await registerAccount(app);
    const answers = [
      await app.http.post('/api/register').send({ email: newEmail(), password }).expect(201),
      await app.http.post('/api/register').send({ email, password }).expect(409),
      await app.http.post('/api/login').send({ email, password }).expect(200),
      await app.http.post('/api/token/renew').set(authorization).expect(200),
      await app.http.get('/api/user').set(authorization).expect(200),
      await app.http.get('/api/user/sessions').set(authorization).expect(200),
      await app.http.get('/api/user/export').set(authorization).expect(200),
      await app.http.delete('/api/user').set(authorization).send({ password }).expect(200),
    ];

    for (const { text } of answers) expect(text).not.toMatch(/argon2|password/i);
  });

  it('2.2.1 refuses wrong types and repeated parameters, and gives __proto__ no effect', async () => {
    const wrong: unknown[] = [true, 1, [], {}, { toString: 'x' }, [newEmail()], null];
    for (const value of wrong) {
      await app.http.post('/api/login').send({ email: value, password: 'x' }).expect(400);
      await app.http.post('/api/login').send({ email: newEmail(), password: value }).expect(400);
      const record = app.http.post('/api/audio-file').set(owner.authorization);
      await record.send({ s3_key: value }).expect(400);
    }
    for (const query of ['limit=1&limit=2', 'limit=1e1', 'limit=1,2'])
      await app.http.get(`/api/user/audio-files?${query}`).set(owner.authorization).expect(400);
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const body = `{"${name}":{"email":"${newEmail()}","isAdmin":true},"password":"correct horse"}`;
      const answer = await app.http.post('/api/register').set(JSON_TYPE).send(body);
      const errors = [{ field: 'email', message: 'email is required' }];
      expect(answer.body).toMatchObject({ status: 400, errors });
    }
    expect({}).not.toHaveProperty('isAdmin');
  });

  it('4.1.1 answers every error as problem+json', async () => {
    const { file_id } = await createAudioFile(app, owner);
    const path = `/api/audio-file/${file_id}`;
    const large = JSON.stringify({ email: 'a'.repeat(200_000) });
    const credentials = { email: owner.email, password: owner.password };
    const answers = {
      400: await app.http.post('/api/login').set(JSON_TYPE).send('{"'),
      401: await app.http.get('/api/user'),
      403: await app.http.get(path).set(stranger.authorization),
      404: await app.http.get('/nowhere'),
      405: await app.http.patch('/api/login'),
      409: await app.http.post('/api/register').send(credentials),
      413: await app.http.post('/api/login').set(JSON_TYPE).send(large),
      415: await app.http.post('/api/login').type('text/plain').send('x'),
    };

    for (const [status, answer] of Object.entries(answers)) {
      const { detail, instance } = answer.body as { detail: string; instance: string };
      expectProblem(answer, { status: Number(status), detail, instance });
      expect(detail).toMatch(/\S/);
    }
  });

  it('16.5.1 shows no stack, table name or text of AWS in an error', async () => {
    for (const [name, status] of Object.entries({ ValidationException: 500, InternalServerError: 503 })) {
      stub.behave(() => dynamoDbError(name === 'ValidationException' ? 400 : 500, name));
      const credentials = { email: newEmail(), password: 'correct horse battery' };
      for (const answer of [
        await failing.http.post('/api/login').send(credentials),
        await failing.http.get('/api/user').set(owner.authorization),
      ]) {
        expect(answer.status).toBe(status);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(answer.text).not.toMatch(/arn:|aws|dynamo|Exception|InternalServer|\bat \S+:\d|node_modules/i);
        for (const table of Object.values<string>(app.config.tables))
          expect(answer.text).not.toContain(table);
      }
    }
  });

  it('4.1.3 does not let a changing X-Forwarded-For evade limits', async () => {
    const limited = await startTestApp({ RATE_LIMIT: 'on' }, app);
    try {
      const statuses: number[] = [];
      for (let i = 1; i <= 11; i++) {
        const credentials = { email: newEmail(), password: 'wrong password' };
        const request = limited.http.post('/api/login').set('X-Forwarded-For', `192.0.2.${i}`);
        statuses.push((await request.send(credentials)).status);
      }
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
    } finally {
      await limited.close();
    }
  });

  it('4.1.4 answers unused methods with 405 and refuses TRACE', async () => {
    for (const method of ['TRACE', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
      const headers = { 'X-Secret': 'echoed' };
      const { status, text, headers: answered } = await sendRaw(app, method, '/api/login', { headers });
      expect({ method, status, allow: answered['allow'] }).toEqual({
        method,
        status: 405,
        allow: 'OPTIONS, POST',
      });
      expect(text).not.toContain('echoed');
    }
  });

  it('16.2.5/16.4.1 keeps secrets out of the log and lets no value forge a line of it', async () => {
    const email = newEmail();
    const forged = `x\r\n{"level":"info","audit":"login","user_id":"${randomUUID()}"}`;
    const id = randomUUID();
    const lines = app.logs.length;
    const { body } = await app.http.post('/api/register').send({ email, password: forged }).expect(201);
    await app.http.post('/api/login').send({ email: forged, password: forged }).expect(400);
    await app.http.get('/api/user').set('Authorization', `Bearer ${body.token}`).set('X-Request-Id', id);
    await findLogLine(app, ({ msg, request_id }) => msg === 'request' && request_id === id);

    // Each line was parsed by itself, so that a forged one would be among them.
    const written = app.logs.slice(lines);
    expect(written.filter(({ audit }) => audit !== undefined).map(({ audit }) => audit)).toEqual([
      'register',
    ]);
    for (const secret of [email, forged, body.token, body.key_salt, '$argon2id$', app.config.secretKey])
      expect(JSON.stringify(written)).not.toContain(JSON.stringify(secret).slice(1, -1));
  });

  it('16.5.3 lets nobody through when the session store or the limiter fails', async () => {
    const failures = ['InternalServerError', 'ProvisionedThroughputExceededException'] as const;
    for (const behaviour of [
      ...failures.map((name) => dynamoDbError(400, name)),
      'silence',
      'cut',
    ] as const) {
      stub.behave(() => behaviour);
      const answer = await failing.http.get('/api/user/audio-files').set(owner.authorization);
      const detail = 'The service is temporarily unavailable';
      expectProblem(answer, { status: 503, detail, instance: '/api/user/audio-files' });
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    }

    // Nothing answers there.
    const limited = await startTestApp({ RATE_LIMIT: 'on', REDIS_URL: 'redis://127.0.0.1:1' }, app);
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 6; i++) {
        const credentials = { email: newEmail(), password: 'wrong password' };
        statuses.push((await limited.http.post('/api/login').send(credentials)).status);
      }
      // Half of what all instances grant together.
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    } finally {
      await limited.close();
    }
  });
});
