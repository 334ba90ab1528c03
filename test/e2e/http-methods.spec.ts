import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { committedOperations, documentedOperations } from '../support/documented-paths.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface DocumentedPath {
  /** With an id in the place of each parameter. */
  path: string;
  /** What it allows, OPTIONS left out. */
  methods: string[];
}

/** By their template. */
function documentedPaths(): [template: string, path: DocumentedPath][] {
  const paths = new Map<string, DocumentedPath>([
    ['/api/docs', { path: '/api/docs', methods: ['GET', 'HEAD'] }],
    ['/api/docs/openapi.json', { path: '/api/docs/openapi.json', methods: ['GET', 'HEAD'] }],
  ]);
  for (const { method, template, path } of committedOperations()) {
    const known = paths.get(template) ?? { path, methods: [] };
    known.methods.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]));
    paths.set(template, known);
  }
  return [...paths];
}

const PATHS = documentedPaths();

const allow = (methods: string[]) => [...methods, 'OPTIONS'].sort().join(', ');

describe('methods', () => {
  let app: TestApp;
  let authorization: Account['authorization'];

  beforeAll(async () => {
    app = await startTestApp();
    ({ authorization } = await registerAccount(app));
  });

  afterAll(() => app.close());

  it('are those of all paths that are served', async () => {
    const named = (operations: { method: string; template: string }[]) =>
      operations.map(({ method, template }) => `${method} ${template}`).sort();
    expect(named(committedOperations())).toEqual(named(await documentedOperations(app)));
    expect(PATHS.length).toBeGreaterThanOrEqual(9);
    expect(METHODS).toContain('TRACE');
  });

  describe.each(PATHS)('of %s', (_template, { path, methods }) => {
    it('that it does not have are refused with 405 and the ones it has, with a token or without', async () => {
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
    });

    it('include OPTIONS: 204, no body and the methods in Allow, for PATCH also its types', async () => {
      const { status, headers, text } = await sendRaw(app, 'OPTIONS', path);

      expect({ path, status, text, allow: headers['allow'] }).toEqual({
        path,
        status: 204,
        text: '',
        allow: allow(methods),
      });
      const types = 'application/json, application/merge-patch+json';
      expect(headers['accept-patch']).toBe(methods.includes('PATCH') ? types : undefined);
    });
  });

  it.each(PATHS.filter(([, { methods }]) => methods.includes('HEAD')))(
    'include HEAD wherever there is GET, with the same status and headers, and no body: %s',
    async (_template, { path }) => {
      const comparable = (headers: Record<string, unknown>) => {
        const { 'content-type': type, 'content-length': length, 'cache-control': cache } = headers;
        return { type, length, cache };
      };
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
    },
  );

  it('do not echo the request in answer to TRACE', async () => {
    const { text } = await sendRaw(app, 'TRACE', '/api/health', { headers: { 'X-Secret': 'swordfish' } });

    expect(text).not.toContain('swordfish');
  });
});
