import { describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { type EmfLine, faultsOfEmf, isEmf } from '../support/emf-rules.js';
import { until } from './support/emulator.js';
import { serveFunction, STREAMED, type TestFunction } from './support/function.js';

const ACCOUNT = { email: 'ada@example.com', password: 'correct horse battery' };

/** The metrics that were written so far. Every line keeps the rules of the format. */
function metricsOf({ lines }: TestFunction): EmfLine[] {
  const texts = lines.filter((line) => line.startsWith('{') && isEmf(JSON.parse(line) as object));
  for (const text of texts) expect(faultsOfEmf(text)).toEqual([]);
  return texts.map((text) => JSON.parse(text) as EmfLine);
}

/** Waits until the environments of a function are frozen: what they have not written by then, they do not write. */
async function frozen({ environments }: TestFunction): Promise<void> {
  await until(() => environments.every(({ state }) => state === 'frozen'));
}

describe('METRICS=emf on Lambda', () => {
  it.each([
    ['a function URL that streams', STREAMED],
    ['an HTTP API', { front: 'http-api', mode: 'buffered' }],
  ] as const)('writes one line an invocation, before it is frozen, behind %s', async (_front, options) => {
    const service = await serveFunction({ METRICS: 'emf' }, options);
    const http = supertest(service.url);
    const { body } = await http.post('/api/register').send(ACCOUNT).expect(201);
    await frozen(service);
    const [registration] = metricsOf(service);
    expect(registration).toMatchObject({
      ...{ service: 'emulator', method: 'POST', route: '/api/register', status: 201 },
      ...{ Requests: 1, Latency: [expect.any(Number)], Registrations: 1 },
      ...{ DynamoDBCalls: expect.any(Number), WriteUnits: expect.any(Number) },
      hashing: [{ waits: 1, wait_ms: expect.any(Number) }],
    });
    const authorization = `Bearer ${body.token}`;
    const created = await http
      .post('/api/audio-file')
      .set('Authorization', authorization)
      .send({ s3_key: 'recordings/secret.m4a' })
      .expect(201);
    await http.get(`/api/audio-file/${created.body.file_id}`).set('Authorization', authorization).expect(200);
    await http.get('/api/user').expect(401);
    await http.get(`/api/${ACCOUNT.email}`).expect(404);
    await frozen(service);
    const lines = metricsOf(service);
    expect(lines.map(({ route, status }) => [route, status])).toEqual([
      ['/api/register', 201],
      ['/api/audio-file', 201],
      ['/api/audio-file/:file_id', 200],
      ['/api/user', 401],
      ['unmatched', 404],
    ]);
    expect(lines[1]).toMatchObject({ FilesCreated: 1 });
    expect(lines[2]?.['ReadUnits']).toBeGreaterThan(0);
    const text = JSON.stringify(lines);
    for (const personal of [
      ACCOUNT.email,
      body.user_id,
      created.body.file_id,
      body.token,
      'secret',
      '127.0.0.1',
    ]) {
      expect(text).not.toContain(personal);
    }
  });

  it('is off by default', async () => {
    const service = await serveFunction();
    await supertest(service.url).get('/api/health/live').expect(200);
    await frozen(service);
    expect(metricsOf(service)).toEqual([]);
  });
});
