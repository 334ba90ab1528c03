import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express, { type Express } from 'express';
import supertest from 'supertest';
import { DocumentationAnswers } from './documentation-answers.js';

describe('DocumentationAnswers', () => {
  let folder: string;
  let app: Express;
  let made: number;
  let fails: boolean;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'docs-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  beforeEach(() => {
    [made, fails] = [0, false];
    app = express();
    app.use('/docs', new DocumentationAnswers(folder).middleware);
    app.get('/docs/openapi.yaml', (_request, response) => {
      made++;
      if (fails) response.status(500).send('failed');
      else response.type('text/yaml').send('openapi: 3.0.0\n');
    });
  });

  const ask = (path: string, coding: string) => supertest(app).get(path).set('Accept-Encoding', coding);

  it('has the document made once, however it is asked for', async () => {
    for (const path of [
      '/docs/openapi.yaml',
      '/docs/openapi.yaml?a=1',
      '/DOCS/OpenAPI.yaml',
      '/docs/openapi.yaml/',
    ]) {
      for (const coding of ['br', 'gzip', 'identity']) {
        const { status, headers, text } = await ask(path, coding);
        expect({ status, type: headers['content-type'], vary: headers['vary'], text }).toEqual({
          ...{ status: 200, type: 'text/yaml; charset=utf-8', vary: 'Accept-Encoding' },
          text: 'openapi: 3.0.0\n',
        });
        expect(headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding);
      }
    }
    expect(made).toBe(1);
    expect((await supertest(app).head('/docs/openapi.yaml')).headers['content-type']).toMatch(/yaml/);
  });

  it('keeps no error', async () => {
    fails = true;
    expect((await ask('/docs/openapi.yaml', 'br')).status).toBe(500);
    fails = false;
    expect((await ask('/docs/openapi.yaml', 'br')).status).toBe(200);
    expect(made).toBe(2);
  });
});
