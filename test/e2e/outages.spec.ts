import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adoptNativeErrors } from '../support/native-errors.js';
import { olderToken } from '../support/older-backend.js';
import { PROBLEM_TYPE, problemBody } from '../support/problem-body.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Nothing listens there, and no program may without being root. */
const CLOSED = 'http://127.0.0.1:1';

describe('an application whose database is away', () => {
  let app: TestApp;
  let authorization: { Authorization: string };

  beforeAll(async () => {
    adoptNativeErrors();
    app = await startTestApp({ DYNAMODB_ENDPOINT: CLOSED });
    authorization = olderToken(app, randomUUID());
  });

  afterAll(() => app.close());

  const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
  const file = `/api/audio-file/${randomUUID()}`;

  it.each([
    ['POST /api/register', '/api/register', () => app.http.post('/api/register').send(credentials)],
    ['POST /api/login', '/api/login', () => app.http.post('/api/login').send(credentials)],
    ['GET /api/user/audio-files', '/api/user/audio-files', () => app.http.get('/api/user/audio-files')],
    ['POST /api/audio-file', '/api/audio-file', () => app.http.post('/api/audio-file').send({ s3_key: 'a' })],
    ['GET /api/audio-file/{file_id}', file, () => app.http.get(file)],
    ['DELETE /api/audio-file/{file_id}', file, () => app.http.delete(file)],
  ])('answers 503 to %s and logs why', async (_name, path, send) => {
    const requestId = randomUUID();
    const answer = await send().set(authorization).set('X-Request-Id', requestId);
    expect(answer.body).toEqual({
      ...problemBody(503, 'The service is temporarily unavailable', path),
      request_id: requestId,
    });
    expect(answer.status).toBe(503);
    expect(answer.headers['content-type']).toMatch(PROBLEM_TYPE);
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|aws|dynamo|users-|audio-files-|\.js|node_modules/i);
    const lines = app.logs.filter(({ request_id, err }) => request_id === requestId && err !== undefined);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        msg: 'The service is temporarily unavailable',
        ...{ service: 'DynamoDB', operation: expect.any(String), table: expect.stringMatching(/-/) },
        ...{ region: app.config.aws.region, endpoint: app.config.database.endpoint },
        err: expect.objectContaining({ code: 'ECONNREFUSED', stack: expect.any(String) }),
      }),
    ]);
  });

  it('still refuses what needs no database to be refused', async () => {
    await app.http.post('/api/register').send({ email: 'ada@example.com' }).expect(400);
    await app.http.get('/api/user/audio-files').expect(401);
    const forged = olderToken({ config: { ...app.config, secretKey: 'another key' } }, randomUUID());
    await app.http.get('/api/user/audio-files').set(forged).expect(401);
    await app.http.get('/api/no-such-path').expect(404);
  });

  it('lets nobody in whose token it cannot check, whatever the request is worth otherwise', async () => {
    const foreign = { s3_key: `audio_upload/${randomUUID()}/a` };
    await app.http.get('/api/audio-file/monday').set(authorization).expect(503);
    await app.http.post('/api/audio-file').set(authorization).send(foreign).expect(503);
  });

  it('is not ready, says so well within two seconds, and logs why', async () => {
    const requestId = randomUUID();
    const answer = await Promise.race([
      app.http.get('/api/health').set('X-Request-Id', requestId),
      sleep(2000, undefined, { ref: false }),
    ]);
    expect(answer?.status).toBe(503);
    expect(answer?.body).toEqual({
      status: 'unhealthy',
      service: 'decision-data-backend',
      database: 'dynamodb',
    });
    expect(answer?.headers['content-type']).toMatch(/^application\/json/);
    expect(answer?.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(app.logs.filter(({ msg }) => msg === 'the database does not serve')).toEqual([
      expect.objectContaining({
        level: 'error',
        request_id: requestId,
        err: expect.objectContaining({ code: 'ECONNREFUSED' }),
      }),
    ]);
  });

  it('is alive', async () => {
    const { body } = await app.http.get('/api/health/live').expect(200);
    expect(body).toEqual({ status: 'healthy', service: 'decision-data-backend' });
  });
});

describe('an application whose database is there', () => {
  it('is ready', async () => {
    const app = await startTestApp();
    const { body } = await app.http.get('/api/health').expect(200);
    expect(body).toEqual({ status: 'healthy', service: 'decision-data-backend', database: 'dynamodb' });
    await app.close();
  });
});
