import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { freePort } from '../../scripts/local-engines/ready.js';
import { buildDockerfile, directoryOf, type Stage } from '../support/dockerfile.js';
import { deleteTestTables, tableEnvironment, testClient, testConfig } from '../support/test-tables.js';

const run = promisify(execFile);
const compose = readFileSync('compose.yaml', 'utf8');

/** What npm is to know of this machine; not what it tells the programs that it runs, such as this one. */
const NPM_SETTINGS = /^npm_config_(registry|cache|userconfig|globalconfig|cafile|https?_proxy)$/i;

describe('The image', () => {
  const config = testConfig();
  const client = testClient(config);
  let target: string;
  let build: Stage;
  let runtime: Stage;

  beforeAll(async () => {
    target = await mkdtemp(join(tmpdir(), 'container-'));
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(npm_|NODE_)/i.test(name) || NPM_SETTINGS.test(name),
    );
    const stages = await buildDockerfile('.', target, {
      ...Object.fromEntries(inherited),
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    });
    build = stages.get('build') as Stage;
    runtime = stages.get('runtime') as Stage;
  }, 600_000);

  afterAll(async () => {
    await rm(target, { recursive: true, force: true });
    await deleteTestTables(client, config.tables);
    client.destroy();
  });

  /** What `docker run` gives the process, and nothing of this one. */
  function environment(port: number): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      ...runtime.environment,
      HOST: '127.0.0.1',
      PORT: String(port),
      SECRET_KEY: randomBytes(32).toString('hex'),
      DYNAMODB_ENDPOINT: config.database.endpoint,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      ...tableEnvironment(config.tables),
    };
  }

  function start([program = '', ...args]: readonly string[], port: number): ChildProcess {
    return spawn(program, args, {
      cwd: directoryOf(runtime),
      env: environment(port),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async function exitCodeOf(command: readonly string[], port: number): Promise<number> {
    const child = start(command, port);
    child.stdout?.resume();
    child.stderr?.resume();
    return ((await once(child, 'exit')) as [number])[0];
  }

  /** Every file with what a write would change of it. */
  async function files(): Promise<string[]> {
    const entries = await readdir(runtime.root, { recursive: true });
    return Promise.all(
      entries.sort().map(async (entry) => {
        const { mtimeMs, size } = await lstat(join(runtime.root, entry));
        return `${entry} ${mtimeMs} ${size}`;
      }),
    );
  }

  it('makes its tables, serves, stays healthy, writes nothing and stops at once', async () => {
    const [, list = ''] = /command: (\[.*create-tables.*\])/.exec(compose) ?? [];
    const port = await freePort();
    const before = await files();
    // Where root runs the tests this hinders nobody; the comparison below does the rest.
    await chmod(directoryOf(runtime), 0o555);
    expect(await exitCodeOf(JSON.parse(list.replaceAll("'", '"')) as string[], port)).toBe(0);

    const child = start(runtime.command, port);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const url = `http://127.0.0.1:${port}`;
    try {
      while (!output.includes('"listening"')) {
        if (await Promise.race([exited, sleep(50)])) throw new Error(`The service ended: ${output}`);
      }
      await supertest(url).get('/api/health/live').expect(200);
      await supertest(url).get('/api/health').expect(200);
      const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
      const { body } = await supertest(url).post('/api/register').send(credentials).expect(201);
      const bearer = { Authorization: `Bearer ${body.token}` };
      await supertest(url).get('/api/user/audio-files').set(bearer).expect(200, []);
      expect(await exitCodeOf(runtime.healthcheck, port)).toBe(0);
    } finally {
      child.kill(runtime.stopSignal as NodeJS.Signals);
    }
    expect((await exited)[0]).toBe(0);
    expect(await exitCodeOf(runtime.healthcheck, port)).not.toBe(0);
    expect(await files()).toEqual(before);
  }, 120_000);

  it('has nothing in it that only development needs', async () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
    };
    const installed = (await readdir(directoryOf(runtime), { recursive: true }))
      .filter((path) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
      .map((path) => path.replace('/package.json', ''));
    expect(installed).toContain('node_modules/argon2');
    expect(installed).toContain('node_modules/@node-rs/argon2');
    const isForDevelopment = (path: string) => lock.packages[path]?.dev || lock.packages[path]?.devOptional;
    expect(installed.filter(isForDevelopment)).toEqual([]);
    const programs = /\/(jest|typescript|tsx|s3rver|amplify-dynamodb-simulator|local-engines)$|@dynoxide/;
    expect(installed.filter((path) => programs.test(path))).toEqual([]);
    expect((await readdir(directoryOf(runtime))).sort()).toEqual([
      'dist',
      'node_modules',
      'package.json',
      'scripts',
    ]);
    expect(await readdir(join(directoryOf(runtime), 'scripts'))).toEqual(['preflight.cjs']);
    expect((await readdir(directoryOf(build))).sort()).toEqual([
      '.npmrc',
      'dist',
      'node_modules',
      'package-lock.json',
      'package.json',
      'scripts',
      'src',
      'tsconfig.build.json',
      'tsconfig.json',
    ]);
    const sources = await readdir(join(directoryOf(build), 'src'), { recursive: true });
    expect(sources.filter((path) => path.endsWith('.spec.ts'))).toEqual([]);
  });

  it('runs as start:prod does, by a user that is not root', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const words = (scripts['start:prod'] ?? '').split(' ');
    const settings = words.flatMap((word) => {
      const [, name, value] = /^(\w+)=(.*)$/.exec(word) ?? [];
      return name === undefined ? [] : [[name, value]];
    });
    expect(['exec', ...runtime.command]).toEqual(words.slice(settings.length));
    expect(runtime.environment).toMatchObject(Object.fromEntries(settings));
    expect(runtime).toMatchObject({ user: 'node', stopSignal: 'SIGTERM', base: 'node:24-bookworm-slim' });
    expect(runtime.healthcheck[0]).toBe('bash');
  });

  it('needs a key', async () => {
    const [program = '', ...args] = runtime.command;
    const env = { ...environment(0), SECRET_KEY: '' };
    await expect(run(program, args, { cwd: directoryOf(runtime), env })).rejects.toMatchObject({ code: 1 });
  });
});

describe('compose.yaml', () => {
  const services = new Map(
    (compose.split(/^services:\n/m)[1] ?? '')
      .split(/^ {2}(?=\w+:$)/m)
      .filter((text) => /^\w+:$/m.test(text))
      .map((text) => [text.slice(0, text.indexOf(':')), text]),
  );

  it('starts the service after what it needs', () => {
    expect([...services.keys()]).toEqual(['dynamodb', 'redis', 'tables', 'service']);
    expect(services.get('dynamodb')).toMatch(/image: amazon\/dynamodb-local:\d+\.\d+\.\d+\n/);
    expect(services.get('redis')).toMatch(/image: redis:\d/);
    const conditions = [...(services.get('service') ?? '').matchAll(/(\w+):\n +condition: (\w+)/g)];
    expect(conditions.map(([, name, condition]) => [name, condition])).toEqual([
      ['dynamodb', 'service_healthy'],
      ['redis', 'service_healthy'],
      ['tables', 'service_completed_successfully'],
    ]);
  });

  it('gives none of them more than it needs', () => {
    expect(compose).toContain(
      "x-hardened: &hardened\n  cap_drop: [ALL]\n  security_opt: ['no-new-privileges:true']\n",
    );
    for (const text of services.values()) {
      expect(text).toContain('<<: *hardened');
      expect(text).toMatch(/restart: /);
    }
    for (const name of ['redis', 'tables', 'service'])
      expect(services.get(name)).toContain('read_only: true');
    const ports = [...compose.matchAll(/ports: \[(.*)\]/g)].map(([, port]) => port);
    expect(ports).toEqual(["'127.0.0.1:3000:3000'"]);
  });

  it('sets only what the service knows', () => {
    const known = new Set(
      [...readFileSync('.env.example', 'utf8').matchAll(/^(\w+)=/gm)].map(([, name]) => name),
    );
    const set = [...compose.matchAll(/^ +([A-Z][A-Z0-9_]*):/gm)].map(([, name]) => name);
    expect(set).toEqual(expect.arrayContaining(['SECRET_KEY', 'DYNAMODB_ENDPOINT', 'REDIS_URL']));
    expect(set.filter((name) => !known.has(name))).toEqual([]);
  });
});
