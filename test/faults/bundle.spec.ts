import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { bundleOptions } from '../../scripts/bundle/options.js';
import { OUTSIDE } from '../../scripts/bundle/outside.js';
import { freePort } from '../../scripts/local-engines/ready.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { ask, createTables, type Service, startService, type Tables } from './support/service.js';

const require = createRequire(import.meta.url);

describe('the bundle', () => {
  let directory: string;
  let tables: Tables;
  let service: Service;

  beforeAll(async () => {
    adoptNativeErrors();
    directory = mkdtempSync(join(tmpdir(), 'bundle-'));
    for (const file of ['package.json', 'dist/bundle', 'dist/start.js', 'dist/early-stop.js']) copy(file);
    for (const file of OUTSIDE) copy(join('node_modules', file));
    tables = await createTables();
    service = await startService(tables, {}, directory);
  });

  afterAll(async () => {
    await service.stop();
    await tables.delete();
    rmSync(directory, { recursive: true, force: true });
  });

  function copy(file: string): void {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    cpSync(file, join(directory, file), { recursive: true });
  }

  it('serves with nothing else of node_modules than what is native, a list or a page', async () => {
    const { http } = service;
    await http.get('/api/health').expect(200);
    const account = { email: 'ada@example.com', password: 'correct horse battery' };
    await http
      .post('/api/register')
      .send({ ...account, password: 'password1' })
      .expect(400);
    await http.post('/api/register').send(account).expect(201);
    const { body } = await http.post('/api/login').send(account).expect(200);
    await http.get('/api/user').set('Authorization', `Bearer ${body.token}`).expect(200);
  });

  it('has the documentation, and the same document as the repository', async () => {
    const { http } = service;
    await http.get('/api/docs').expect(200);
    const { text } = await http.get('/api/docs/swagger-ui.css').expect(200);
    expect(text).toBe(readFileSync(require.resolve('swagger-ui-dist/swagger-ui.css'), 'utf8'));
    const { body } = await http.get('/api/docs/openapi.json').expect(200);
    expect(body).toEqual(JSON.parse(readFileSync('openapi.json', 'utf8')));
  });

  it('serves with several workers, and names the places of errors in src', async () => {
    const environment = { WORKERS: '2', DYNAMODB_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    const several = await startService(tables, environment, directory);
    try {
      expect((await several.http.get('/api/health/live')).status).toBe(200);
      const stacks = () => several.logs.map(({ err }) => (err as { stack?: string } | undefined)?.stack);
      const ofOurs = () => stacks().find((stack) => stack?.startsWith('CircuitOpenError'));
      const account = { email: 'bob@example.com', password: 'correct horse battery' };
      for (const end = Date.now() + 20_000; !ofOurs() && Date.now() < end;)
        await ask(several.http.post('/api/login').send(account));
      const [, first, ...others] = ofOurs()?.split('\n') ?? [];
      expect(first).toMatch(/\/src\/common\/circuit-breaker\.ts:\d+:\d+\)$/);
      expect(others.join('\n')).toMatch(/\/src\/users\/users\.repository\.ts:\d+:\d+\)/);
    } finally {
      await several.stop();
    }
  });

  it('is kept by V8 with one byte a character', () => {
    expect(readFileSync('dist/bundle/main.js', 'utf8')).not.toMatch(/[^\0-\x7f]/);
  });

  it('comes with the licence of every package in it', async () => {
    const { metafile } = await build({
      ...bundleOptions('dist/main.js', 'dist/bundle/main.js'),
      ...{ write: false, sourcemap: false },
    });
    const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const folders = [
      ...new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [])),
    ];
    const inside = folders.map((folder) => {
      const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as {
        name: string;
        version: string;
      };
      return `${name} ${version}`;
    });
    expect(inside.length).toBeGreaterThan(50);
    const parts = readFileSync('dist/bundle/licences.txt', 'utf8')
      .replace(/^.*\n\n/, '')
      .split(/^-{80}\n/m);
    const listed = parts.map((part) => part.slice(0, part.indexOf(' (')));
    expect(listed).toEqual(expect.arrayContaining(inside));
    const license = readFileSync('node_modules/@nestjs/core/LICENSE', 'utf8').trim();
    expect(parts.find((part) => part.startsWith('@nestjs/core '))).toContain(license);
  });
});
