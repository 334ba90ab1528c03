import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { raw } from './support/emulator.js';
import { putRecords, serveFunction, STREAMED } from './support/function.js';

const ACCOUNT = { email: 'ada@example.com', password: 'correct horse battery' };

/** A request as an event, where the front would make none like it. */
function event(overrides: object): object {
  const http = { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '192.0.2.9', userAgent: 'test' };
  return {
    ...{ version: '2.0', rawPath: '/api/health/live', rawQueryString: '', isBase64Encoded: false },
    ...{ headers: { host: 'localhost' }, requestContext: { http }, ...overrides },
  };
}

/** So many that their export has more than 6 MB. */
const RECORDS = 5_000;

describe('the function', () => {
  it.each([
    ['a function URL that streams', STREAMED],
    ['a function URL that does not', { front: 'function-url', mode: 'buffered' }],
    ['an HTTP API', { front: 'http-api', mode: 'buffered' }],
  ] as const)('serves behind %s', async (_front, options) => {
    const { url } = await serveFunction({}, options);
    const http = supertest(url);
    const { body } = await http.post('/api/register').send(ACCOUNT).expect(201);
    const authorization = `Bearer ${body.token}`;
    const created = await http
      .post('/api/audio-file')
      .set('Authorization', authorization)
      .send({ s3_key: 'recordings/ä.m4a' })
      .expect(201);
    const path = `/api/audio-file/${created.body.file_id}`;
    const read = await http.get(path).set('Authorization', authorization).expect(200);
    expect(read.body).toEqual(created.body);
    await http.head(path).set('Authorization', authorization).expect(200);
    const image = await http.get('/api/docs/favicon-16x16.png').expect(200);
    expect(image.body).toEqual(expect.any(Buffer));
    expect(image.headers['content-type']).toBe('image/png');
    const refused = await http.get(path).expect(401);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    // Gateways keep this name for themselves.
    expect(refused.headers['www-authenticate']).toBeUndefined();
    expect(refused.headers['x-amzn-remapped-www-authenticate']).toBe('Bearer');
    expect(refused.headers['x-request-id']).toBe(refused.body.request_id);
  });

  it('answers events of other sources with a problem, says so in the log, and serves on', async () => {
    const service = await serveFunction();
    const events = {
      'aws:s3': { Records: [{ eventSource: 'aws:s3', s3: { object: { key: 'secret-key' } } }] },
      'aws:sqs': { Records: [{ eventSource: 'aws:sqs', body: 'secret-body' }] },
      'aws.scheduler': { source: 'aws.scheduler', detail: {} },
      '1.0': { version: '1.0', path: '/api/health', httpMethod: 'GET', requestContext: {}, headers: {} },
      unknown: { hello: 'secret-body' },
    };
    for (const other of Object.values(events)) {
      const answer = (await service.invoke(other)) as { statusCode: number; headers: object; body: string };
      expect(answer).toMatchObject({
        statusCode: 400,
        headers: { 'content-type': 'application/problem+json' },
      });
      expect(JSON.parse(answer.body).detail).toMatch(/HTTP APIs/);
    }
    const lines = service.logs().filter(({ msg }) => msg === 'an event that is no readable request');
    expect(lines.map(({ level, source }) => [level, source])).toEqual(
      Object.keys(events).map((name) => ['warn', name]),
    );
    expect(JSON.stringify(service.logs())).not.toContain('secret');
    await supertest(service.url).get('/api/health').expect(200);
  });

  it.each([
    ['base64 that is none', { body: 'a', isBase64Encoded: true, headers: {} }],
    ['a header that HTTP does not allow', { headers: { 'x-own': 'a\r\nx-other: b' } }],
    ['a name that HTTP does not allow', { headers: { 'x own': 'a' } }],
    ['a method that is none', { requestContext: { http: { method: 'GET /', sourceIp: '192.0.2.9' } } }],
  ])('answers %s with a 400', async (_what, overrides) => {
    const service = await serveFunction();
    const answer = (await service.invoke(event(overrides))) as { statusCode: number; body: string };
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400, request_id: expect.any(String) });
    expect(await service.invoke(event({}))).toMatchObject({ statusCode: 200 });
  });

  it('takes the client from the event, and from proxies that are trusted', async () => {
    const addressOf = async (environment: Record<string, string>, forwarded: string) => {
      const service = await serveFunction(environment);
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': forwarded };
      const http = { method: 'POST', sourceIp: '192.0.2.9' };
      const body = JSON.stringify(ACCOUNT);
      await service.invoke(event({ rawPath: '/api/register', headers, body, requestContext: { http } }));
      return service.logs().find(({ audit }) => audit === 'register')?.['address'];
    };
    // What a client wrote, or CloudFront, and what the gateway put behind it.
    expect(await addressOf({}, '203.0.113.7, 192.0.2.9')).toBe('192.0.2.9');
    expect(await addressOf({ TRUST_PROXY: '1' }, '203.0.113.7, 192.0.2.9')).toBe('203.0.113.7');
    expect(await addressOf({ TRUST_PROXY: '1' }, '192.0.2.9')).toBe('192.0.2.9');
  });

  it('passes on what clients send, as it is', async () => {
    const { url } = await serveFunction({ CORS_ORIGINS: 'https://app.example.com' });
    const http = supertest(url);
    const id = randomUUID();
    const { headers } = await http.get('/api/nowhere').set('X-Request-Id', id).expect(404);
    expect(headers['x-request-id']).toBe(id);
    const preflight = await http
      .options('/api/login')
      .set({ Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'POST' })
      .expect(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('https://app.example.com');
    const invalid = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const sent = await fetch(`${url}/api/login`, {
      ...{ method: 'POST', body: invalid, headers: { 'content-type': 'application/json' } },
    });
    expect(sent.status).toBe(400);
    // A percent sign that encodes nothing.
    const malformed = await raw(
      url,
      'GET /api/audio-file/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(malformed).toMatch(/^HTTP\/1.1 400 .*application\/problem\+json/s);
    const text = 'x'.repeat(200_000);
    const large = await http.post('/api/login').send({ email: text, password: 'y' }).expect(413);
    expect(large.body).toMatchObject({ status: 413, request_id: expect.any(String) });
  });

  it('answers more than 6 MB with a stream, and where there is none with a problem that says what to do', async () => {
    const exported = async (options: object) => {
      const service = await serveFunction({}, options);
      const http = supertest(service.url);
      const { body } = await http.post('/api/register').send(ACCOUNT).expect(201);
      await putRecords(service, body.user_id as string, RECORDS);
      return (
        http
          .get('/api/user/export')
          // Compressed it would be small enough.
          .set({ Authorization: `Bearer ${body.token}`, 'Accept-Encoding': 'identity' })
      );
    };
    const whole = await exported(STREAMED);
    expect(whole.status).toBe(200);
    expect(Buffer.byteLength(whole.text)).toBeGreaterThan(6_291_556);
    expect(JSON.parse(whole.text).audio_files).toHaveLength(RECORDS);
    const refused = await exported({});
    expect(refused.status).toBe(501);
    expect(refused.body.detail).toMatch(/6 MB/);
    expect(refused.headers['x-request-id']).toBe(refused.body.request_id);
  }, 120_000);
});
