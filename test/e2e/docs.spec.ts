import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Express } from 'express';
import { type DocumentedOperation, documentedOperations } from '../support/documented-paths.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Every route that answers without a token. A new one has to be added here, on purpose. */
const PUBLIC_ROUTES = ['GET /api/health', 'GET /api/health/live', 'POST /api/login', 'POST /api/register'];

/** What an operation answers with besides what all of its kind do. */
const MORE_STATUSES: Readonly<Record<string, readonly string[]>> = {
  'GET /api/user/audio-files': ['400'],
  'POST /api/audio-file': ['403', '422', '501'],
  'PATCH /api/audio-file/{file_id}': ['412'],
  'POST /api/audio-file/{file_id}/complete': ['409', '501'],
  'GET /api/audio-file/{file_id}/download-url': ['409', '501'],
  'GET /api/presigned-url': ['400', '403', '501'],
};

/** Success of those that have more than one: made, and made before. */
const SUCCESSES: Readonly<Record<string, readonly string[]>> = {
  'POST /api/audio-file': ['200', '201'],
  'POST /api/register': ['200', '201'],
};

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } };

describe('the documentation', () => {
  let app: TestApp;
  let operations: DocumentedOperation[];

  beforeAll(async () => {
    app = await startTestApp();
    operations = await documentedOperations(app);
  });

  afterAll(() => app.close());

  const isPublic = ({ method, template }: DocumentedOperation) =>
    PUBLIC_ROUTES.includes(`${method} ${template}`);
  const nameOf = ({ method, template }: DocumentedOperation) => `${method} ${template}`;

  it('is a page whose every part comes from the service itself', async () => {
    const page = await app.http.get('/api/docs').expect(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);

    const links = [...page.text.matchAll(/<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="([^"]*)"/g)];
    const addresses = links.map(([, address]) => new URL(address ?? '', `${app.url}/api/docs`));

    expect(addresses.length).toBeGreaterThanOrEqual(4);
    for (const { origin, pathname } of addresses) {
      expect(origin).toBe(app.url);
      const { status, headers } = await app.http.get(pathname);
      expect({ pathname, status }).toEqual({ pathname, status: 200 });
      expect(headers['content-type']).toMatch(
        pathname.endsWith('.js') ? /javascript/ : pathname.endsWith('.css') ? /^text\/css/ : /^image\//,
      );
    }
    // No scripts within the page, which the content security policy would stop.
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
    expect(page.text).not.toMatch(/\son\w+=/);
  });

  it('is one document of OpenAPI 3, as JSON', async () => {
    const { headers, body } = await app.http.get('/api/docs/openapi.json').expect(200);

    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(body).toMatchObject({
      openapi: expect.stringMatching(/^3\./),
      info: { title: 'Decision Data API' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    });
  });

  it('has the endpoints of the contract', () => {
    expect(operations.map(nameOf)).toEqual(
      expect.arrayContaining([
        'GET /api/health',
        'POST /api/register',
        'POST /api/login',
        'GET /api/user/audio-files',
        'POST /api/audio-file',
        'GET /api/audio-file/{file_id}',
        'DELETE /api/audio-file/{file_id}',
        'POST /api/logout',
        'POST /api/token/renew',
        'GET /api/user/sessions',
        'DELETE /api/user/sessions',
        'DELETE /api/user/sessions/{session_id}',
        'GET /api/user',
        'PUT /api/user/password',
        'DELETE /api/user',
        'GET /api/user/export',
        'POST /api/audio-file/{file_id}/complete',
        'GET /api/audio-file/{file_id}/download-url',
        'PATCH /api/audio-file/{file_id}',
        'GET /api/presigned-url',
        'GET /api/user/usage',
        'POST /api/user/audio-files/batch-create',
        'POST /api/user/audio-files/batch-get',
        'POST /api/user/audio-files/batch-delete',
      ]),
    );
  });

  it('has no value of an optional parameter that the page would send', () => {
    const sent = operations.flatMap((documented) =>
      (documented.operation.parameters ?? [])
        .filter(({ required }) => !required)
        .filter(({ example, schema }) => example !== undefined || schema?.example !== undefined)
        .map(({ name }) => `${nameOf(documented)}: ${name}`),
    );
    expect(sent).toEqual([]);
    const told = operations.flatMap(({ operation }) => operation.parameters ?? []);
    expect(told.find(({ name }) => name === 'tag')?.description).toBe(
      'Has this tag; case and Unicode composition are ignored. For example `interview`',
    );
    expect(told.find(({ name }) => name === 'key')?.schema?.example).toEqual(expect.any(String));
  });

  it('gives every operation an id of its own and a summary', () => {
    const ids = operations.map(({ operation }) => operation.operationId);

    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).toMatch(/^\S.{9,}/);
    }
  });

  it('describes every error as a problem, save that readiness answers 503 with its own body', () => {
    for (const documented of operations) {
      const name = nameOf(documented);
      for (const [status, response] of Object.entries(documented.operation.responses)) {
        if (status < '400' || (name === 'GET /api/health' && status === '503')) continue;
        expect({ name, status, content: response.content }).toMatchObject({ name, status, content: PROBLEM });
        expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json']);
        expect(response.description).toMatch(/\S/);
      }
    }
  });

  it('lists the errors that an operation can answer with', () => {
    for (const documented of operations) {
      const { operation } = documented;
      const wanted = [
        ...['500', '503'],
        ...(isPublic(documented) ? [] : ['401']),
        ...(operation.requestBody ? ['400', '413', '415'] : []),
        ...(documented.template.includes('{file_id}') ? ['403', '404'] : []),
        ...(MORE_STATUSES[nameOf(documented)] ?? []),
      ];
      const statuses = Object.keys(operation.responses);

      expect({
        name: nameOf(documented),
        missing: wanted.filter((status) => !statuses.includes(status)),
      }).toEqual({
        name: nameOf(documented),
        missing: [],
      });
      expect(statuses.filter((status) => status.startsWith('2'))).toEqual(
        SUCCESSES[nameOf(documented)] ?? [expect.stringMatching(/^20[01]$/)],
      );
    }
  });

  it('says of every operation whether it wants a token, as it does', () => {
    for (const documented of operations) {
      const security = isPublic(documented) ? [] : [{ bearer: [] }];
      expect({ name: nameOf(documented), security: documented.operation.security }).toEqual({
        name: nameOf(documented),
        security,
      });
    }
  });

  it('lists as open to everybody what is open, and nothing else is: every other operation wants a token', async () => {
    for (const { method, path } of operations.filter((operation) => !isPublic(operation))) {
      const answer =
        await app.http[method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'](path);

      expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: path });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('leaves no route out: those that answer without a token are the public ones', async () => {
    const paths = expressPaths(app).filter((path) => !path.startsWith('/api/docs'));
    const documented = new Set(operations.map(({ template }) => template.replace(/\{(\w+)\}/g, ':$1')));
    expect(new Set(paths)).toEqual(documented);

    const open: string[] = [];
    for (const path of paths) {
      for (const method of METHODS) {
        const address = path.replace(/:\w+/g, 'an-id');
        const call = app.http[method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'](address);
        // An object: what refuses the body before the guard must not pass for a route that is closed.
        const { status } = method === 'GET' || method === 'DELETE' ? await call : await call.send({});
        if (![401, 404, 405].includes(status)) open.push(`${method} ${path}`);
      }
    }
    expect(open.sort()).toEqual(PUBLIC_ROUTES);
  });

  it('is the only thing below its path: reading it is all one can do there', async () => {
    for (const path of expressPaths(app).filter((candidate) => candidate.startsWith('/api/docs'))) {
      for (const method of ['post', 'put', 'patch', 'delete'] as const) {
        await app.http[method](path).send({}).expect(405);
      }
    }
  });
});

/** The path of every route that Express knows, once each. */
function expressPaths({ app }: TestApp): string[] {
  const express: Express = app.getHttpAdapter().getInstance();
  const paths = express.router.stack.flatMap(({ route }) =>
    route && typeof route.path === 'string' ? [route.path] : [],
  );
  return [...new Set(paths)];
}
