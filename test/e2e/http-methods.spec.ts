import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { documentedOperations } from '../support/documented-paths.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('methods', () => {
  let app: TestApp;
  /** What each documented path allows, OPTIONS left out, in alphabetical order. */
  const allowed = new Map<string, string[]>();

  beforeAll(async () => {
    app = await startTestApp();
    const paths = new Map<string, string>();
    for (const { method, template, path } of await documentedOperations(app)) {
      if (!paths.has(template)) paths.set(template, path);
      const methods = method === 'GET' ? ['GET', 'HEAD'] : [method];
      const known = paths.get(template) ?? path;
      allowed.set(known, [...(allowed.get(known) ?? []), ...methods].sort());
    }
    allowed.set('/api/docs', ['GET', 'HEAD']).set('/api/docs/openapi.json', ['GET', 'HEAD']);
    expect(allowed.size).toBeGreaterThanOrEqual(9);
  });

  afterAll(() => app.close());

  const allow = (methods: string[]) => [...methods, 'OPTIONS'].sort().join(', ');

  it('that a path does not have are refused with 405 and the ones it has, with a token or without', async () => {
    const { authorization } = await registerAccount(app);
    expect(METHODS).toContain('TRACE');

    for (const [path, methods] of allowed) {
      // Node takes CONNECT for itself and closes the connection.
      const others = METHODS.filter((method) => ![...methods, 'OPTIONS', 'CONNECT'].includes(method));
      for (const method of others) {
        for (const headers of [{}, authorization]) {
          const answer = await sendRaw(app, method, path, { headers });
          expect({ method, path, status: answer.status }).toEqual({ method, path, status: 405 });
          expect(answer.headers['allow']).toBe(allow(methods));
          if (method === 'HEAD') continue;
          expectProblem(answer, {
            status: 405,
            detail: `${method} is not allowed here; allowed: ${allow(methods)}`,
            instance: path,
          });
        }
      }
    }
  });

  it('include OPTIONS on every path: 204, no body and the methods in Allow', async () => {
    for (const [path, methods] of allowed) {
      const { status, headers, text } = await sendRaw(app, 'OPTIONS', path);

      expect({ path, status, text, allow: headers['allow'] }).toEqual({
        path,
        status: 204,
        text: '',
        allow: allow(methods),
      });
    }
  });

  it('include in OPTIONS the types that a PATCH may have', async () => {
    for (const [path, methods] of allowed) {
      const { headers } = await sendRaw(app, 'OPTIONS', path);
      const types = 'application/json, application/merge-patch+json';
      expect(headers['accept-patch']).toBe(methods.includes('PATCH') ? types : undefined);
    }
  });

  it('include HEAD wherever there is GET: the same status and headers, and no body', async () => {
    const { authorization } = await registerAccount(app);
    const comparable = (headers: Record<string, unknown>) => {
      const { 'content-type': type, 'content-length': length, 'cache-control': cache } = headers;
      return { type, length, cache };
    };

    for (const path of [...allowed].filter(([, methods]) => methods.includes('HEAD')).map(([path]) => path)) {
      for (const headers of [{}, authorization]) {
        const get = await sendRaw(app, 'GET', path, { headers });
        const head = await sendRaw(app, 'HEAD', path, { headers });

        expect({ path, status: head.status, text: head.text }).toEqual({
          path,
          status: get.status,
          text: '',
        });
        expect(comparable(head.headers)).toEqual(comparable(get.headers));
      }
    }
  });

  it('do not echo the request in answer to TRACE', async () => {
    const { text } = await sendRaw(app, 'TRACE', '/api/health', { headers: { 'X-Secret': 'swordfish' } });

    expect(text).not.toContain('swordfish');
  });
});
