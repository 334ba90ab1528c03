import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import { freePort } from '../../scripts/local-engines/ready.js';

const credentials = { email: 'ada@example.com', password: 'correct horse battery' };

/** A running `npm start`, without npm, which would stand between the signals and the script. */
interface Started {
  readonly url: string;
  readonly output: () => string;
  /** Sends what Ctrl-C sends and gives the exit code. */
  interrupt(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

async function start(dataDirectory: string, port: number): Promise<Started> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/start-local.ts'], {
    env: { ...process.env, NODE_OPTIONS: '', DATA_DIRECTORY: dataDirectory, PORT: String(port) },
  });
  running.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'close') as Promise<[number | null]>;
  while (!output.includes('Press Ctrl-C to stop')) {
    const ended = await Promise.race([exited, sleep(50)]);
    if (ended) throw new Error(`npm start ended: ${output}`);
  }
  return {
    url: /Service\s+(\S+)/.exec(output)?.[1] ?? '',
    output: () => output,
    async interrupt() {
      child.kill('SIGINT');
      const [code] = await exited;
      running.delete(child);
      return code;
    },
  };
}

async function isServing(url: string): Promise<boolean> {
  return fetch(`${url}/api/health/live`).then(
    () => true,
    () => false,
  );
}

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

describe('npm start', () => {
  let dataDirectory: string;
  let port: number;

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'npm-start-'));
    port = await freePort();
  });

  afterAll(async () => {
    await rm(dataDirectory, { recursive: true, force: true });
  });

  it('serves, keeps data and tokens over a restart, and leaves nothing behind', async () => {
    const first = await start(dataDirectory, port);
    expect(first.output()).toContain(`${first.url}/api/docs`);
    expect(first.output()).toContain('curl -s -X POST');
    const registered = await supertest(first.url).post('/api/register').send(credentials).expect(201);
    const { token } = registered.body as { token: string };
    const authorization = { Authorization: `Bearer ${token}` };
    const created = await supertest(first.url)
      .post('/api/audio-file')
      .set(authorization)
      .send({ s3_key: 'recordings/monday.m4a' })
      .expect(201);
    expect(await first.interrupt()).toBe(0);
    expect(await isServing(first.url)).toBe(false);

    const second = await start(dataDirectory, port);
    const list = await supertest(second.url).get('/api/user/audio-files').set(authorization).expect(200);
    expect(list.body).toEqual([created.body]);
    await supertest(second.url).post('/api/login').send(credentials).expect(200);
    expect(await second.interrupt()).toBe(0);
    expect(await isServing(second.url)).toBe(false);
  }, 120_000);

  it('says in one line that its port is in use', async () => {
    const first = await start(dataDirectory, port);
    await expect(start(dataDirectory, port)).rejects.toThrow(
      new RegExp(`^npm start ended: Port ${port} on 127\\.0\\.0\\.1 is already in use\\.[^\\n]*\\n$`),
    );
    expect(await isServing(first.url)).toBe(true);
    expect(await first.interrupt()).toBe(0);
  }, 120_000);
});

describe('npm run start:prod', () => {
  it('ends with the SIGTERM that npm gets', async () => {
    const port = await freePort();
    const child = spawn('npm', ['run', '--silent', 'start:prod'], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        HOST: '127.0.0.1',
        PORT: String(port),
        SECRET_KEY: randomBytes(32).toString('hex'),
        SHUTDOWN_GRACE_MS: '100',
      },
      // With whatever it leaves behind in a group of their own.
      detached: true,
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    const url = `http://127.0.0.1:${port}`;
    try {
      while (!(await isServing(url))) {
        if (await Promise.race([exited, sleep(50)])) throw new Error('The service ended');
      }
      child.kill('SIGTERM');
      await exited;
      for (let n = 0; n < 100 && (await isServing(url)); n++) await sleep(50);
      expect(await isServing(url)).toBe(false);
    } finally {
      killGroup(child);
    }
  }, 60_000);
});

function killGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-Number(pid), 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
