import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const ORIGIN = 'https://app.example.com';
const SECOND_ORIGIN = 'http://localhost:5173';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('headers of every answer', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ CORS_ORIGINS: `${ORIGIN},${SECOND_ORIGIN}` });
  });

  afterAll(() => app.close());

  it('carry the security headers, forbid caching and name no framework', async () => {
    const { authorization } = await registerAccount(app);
    const answers = [
      await app.http.get('/api/health').expect(200),
      await app.http.get('/api/user/audio-files').set(authorization).expect(200),
      await app.http.get('/api/user/audio-files').expect(401),
      await app.http.post('/api/login').send({}).expect(400),
      await app.http.post('/api/login').set('Content-Type', 'application/json').send('{').expect(400),
      await app.http.put('/api/login').expect(405),
      await app.http.get('/api/nowhere').expect(404),
      await app.http.get('/nowhere').expect(404),
      await app.http.get('/api/docs').expect(200),
      await app.http.get('/api/docs/openapi.json').expect(200),
    ];

    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': expect.stringMatching(/^default-src 'self';.*frame-ancestors 'none'$/),
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': expect.stringMatching(/^max-age=\d{8,}/),
        'x-content-type-options': 'nosniff',
        'x-frame-options': expect.stringMatching(/^(DENY|SAMEORIGIN)$/),
        'x-request-id': expect.stringMatching(UUID),
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
      expect(headers['content-security-policy']).not.toMatch(/script-src|unsafe-eval/);
    }
  });

  describe('for browsers of other origins', () => {
    it.each([ORIGIN, SECOND_ORIGIN])('let %s read answers and errors', async (origin) => {
      for (const path of ['/api/health', '/api/user/audio-files', '/api/nowhere']) {
        const { headers } = await app.http.get(path).set('Origin', origin);

        expect(headers['access-control-allow-origin']).toBe(origin);
        expect(headers['vary']).toMatch(/\bOrigin\b/);
        expect(headers['access-control-expose-headers']).toMatch(/\bX-Request-Id\b/);
        expect(headers['access-control-expose-headers']).toMatch(/\bRetry-After\b/);
        expect(headers['access-control-expose-headers']).toMatch(/\bWWW-Authenticate\b/);
        expect(headers['access-control-expose-headers']).toMatch(/\bContent-Disposition\b/);
        expect(headers).not.toHaveProperty('access-control-allow-credentials');
      }
    });

    it.each([
      'https://evil.example',
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://sub.app.example.com',
      'https://app.example.com.evil.example',
      'https://evilapp.example.com',
      'null',
    ])('do not let %s', async (origin) => {
      const answer = await app.http.get('/api/health').set('Origin', origin).expect(200);
      const preflight = await app.http
        .options('/api/audio-file')
        .set({ Origin: origin, 'Access-Control-Request-Method': 'POST' });

      for (const { headers } of [answer, preflight]) {
        expect(headers).not.toHaveProperty('access-control-allow-origin');
      }
    });

    it.each([
      ['/api/audio-file', 'POST'],
      ['/api/register', 'POST'],
      ['/api/user/audio-files', 'GET'],
      ['/api/audio-file/c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10', 'DELETE'],
    ])('answer the preflight of %s %s without a token', async (path, method) => {
      const { status, headers, text } = await app.http.options(path).set({
        Origin: ORIGIN,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'authorization,content-type,x-request-id',
      });

      expect(status).toBe(204);
      expect(text).toBe('');
      expect(headers['access-control-allow-origin']).toBe(ORIGIN);
      expect(String(headers['access-control-allow-methods']).split(/, ?/)).toContain(method);
      expect(String(headers['access-control-allow-headers']).toLowerCase().split(/, ?/)).toEqual(
        expect.arrayContaining(['authorization', 'content-type', 'x-request-id']),
      );
      expect(Number(headers['access-control-max-age'])).toBeGreaterThan(0);
    });

    it('let nobody unless the configuration lists an origin', async () => {
      const closed = await startTestApp();
      try {
        for (const origin of [ORIGIN, 'null', 'http://localhost:3000']) {
          const { headers } = await closed.http.get('/api/health').set('Origin', origin).expect(200);
          expect(headers).not.toHaveProperty('access-control-allow-origin');
        }
      } finally {
        await closed.close();
      }
    });
  });

  describe('the request id', () => {
    it.each(['a', 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10', 'Root:1-67891233_a.b', 'a'.repeat(128)])(
      'is taken over where it is well formed: %s',
      async (id) => {
        const answer = await app.http.get('/api/nowhere').set('X-Request-Id', id);

        expectProblem(answer, {
          status: 404,
          detail: 'There is nothing at this path',
          instance: '/api/nowhere',
        });
        expect(answer.headers['x-request-id']).toBe(id);
      },
    );

    it.each([
      ['is empty', ''],
      ['has a space', 'one two'],
      ['has 129 characters', 'a'.repeat(129)],
      ['has 200 characters', 'a'.repeat(200)],
      ['has an encoded line break', 'a%0d%0aSet-Cookie:b=c'],
      ['has a tab', 'a\tb'],
      ['has quotes', '"quoted"'],
      ['has markup', '<script>'],
      ['has JSON', '{"level":"error"}'],
      ['has letters beyond ASCII', 'ünïcode'],
    ])('is replaced where it %s', async (_, id) => {
      const answer = await app.http.get('/api/nowhere').set('X-Request-Id', id);

      expectProblem(answer, {
        status: 404,
        detail: 'There is nothing at this path',
        instance: '/api/nowhere',
      });
      expect(answer.headers['x-request-id']).toMatch(UUID);
    });

    it('is taken over where it comes twice with one value, and replaced where it comes with two', async () => {
      const ask = async (ids: string[]) => {
        const answer = await sendRaw(app, 'GET', '/api/nowhere', { headers: { 'X-Request-Id': ids } });
        return answer.headers['x-request-id'];
      };
      expect(await ask(['one', 'one'])).toBe('one');
      expect(await ask(['one', 'two'])).toMatch(UUID);
    });

    it('is another one for each request', async () => {
      const answers = await Promise.all([1, 2, 3].map(async () => app.http.get('/api/health/live')));

      expect(new Set(answers.map(({ headers }) => headers['x-request-id'] as string)).size).toBe(3);
    });
  });

  describe('of a path that leads nowhere', () => {
    it.each(['/nowhere', '/api/nowhere', '/api/audio-files', '/api/health/live/x'])(
      'are those of a problem: %s',
      async (path) => {
        const answer = await app.http.get(`${path}?token=secret`);
        expectProblem(answer, { status: 404, detail: 'There is nothing at this path', instance: path });
        expect(answer.text).not.toContain('secret');
      },
    );

    it.each(['/', '/api', '/api/'])('name the documentation where people look first: %s', async (path) => {
      const answer = await app.http.get(path);
      const detail = 'There is nothing at this path; the documentation is at /api/docs';
      expectProblem(answer, { status: 404, detail, instance: path });
      const links = [...String(answer.headers['link']).matchAll(/<([^>]+)>; rel="service-\w+"/g)];
      expect(links).toHaveLength(2);
      for (const [, link = ''] of links) await app.http.get(link).expect(200);
    });

    it('are the same for a request with a token or a body', async () => {
      const { authorization } = await registerAccount(app);
      const problem = { status: 404, detail: 'There is nothing at this path', instance: '/api/nowhere' };

      expectProblem(await app.http.delete('/api/nowhere').set(authorization), problem);
      expectProblem(await app.http.post('/api/nowhere').send({ some: 'body' }), problem);
    });

    it.each(['/nowhere', '/api/nowhere'])(
      'are those of a problem where the body is wrong, too: %s',
      async (path) => {
        const malformed = await app.http.post(path).set('Content-Type', 'application/json').send('{"secret"');
        const wrongType = await app.http.post(path).type('text/plain').send('secret');

        for (const answer of [malformed, wrongType]) {
          expect(answer.headers['content-type']).toBe('application/problem+json');
          expect([400, 404, 415]).toContain(answer.status);
          expect(answer.text).not.toMatch(/secret|node_modules|\bat (\S+ \(|file:|\/)/);
        }
      },
    );

    it('are a 400 where the path cannot be decoded, and the service goes on', async () => {
      const { authorization } = await registerAccount(app);
      const path = '/api/audio-file/%E0%A4%A';
      const problem = { status: 400, detail: 'The request is malformed', instance: path };

      expectProblem(await app.http.get(path).set(authorization), problem);
      expectProblem(await app.http.get(path), problem);
      await app.http.get('/api/health/live').expect(200);
    });
  });
});
