import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import supertest from 'supertest';
import type { AppConfig } from '../../src/config/config.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
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
  const exited = once(child, 'exit') as Promise<[number | null]>;
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isServing(url: string): Promise<boolean> {
  return fetch(`${url}/api/health/live`).then(
    () => true,
    () => false,
  );
}

// Once for both: two builds at a time would write the same files.
beforeAll(async () => {
  await run(npm, ['run', '--silent', 'build']);
}, 120_000);

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

describe('SIGTERM', () => {
  const CLIENTS = 40;
  const GRACE_MS = 500;
  let client: DynamoDBClient;
  let config: AppConfig;

  beforeAll(async () => {
    config = testConfig();
    client = testClient(config);
    await createTestTables(client, config.tables);
  });

  afterAll(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
  });

  it('loses no request of busy keep-alive clients, and says first that it is going', async () => {
    const port = await freePort();
    const { users, audioFiles, sessions } = config.tables;
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        HOST: config.host,
        PORT: String(port),
        SECRET_KEY: randomBytes(32).toString('hex'),
        DYNAMODB_ENDPOINT: config.database.endpoint,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        USERS_TABLE: users,
        AUDIO_FILES_TABLE: audioFiles,
        SESSIONS_TABLE: sessions,
        SHUTDOWN_GRACE_MS: String(GRACE_MS),
      },
      stdio: 'ignore',
    });
    running.add(child);
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const url = `http://${config.host}:${port}`;
    while (!(await isServing(url))) await sleep(20);

    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const answers = { live: 0, lost: [] as string[] };
    const statusOfHealth = new Set<number>();
    const busy = Array.from({ length: CLIENTS }, async () => {
      for (;;) {
        const result = await request(`${url}/api/health/live`, agent);
        if (result === 'ECONNREFUSED') return;
        if (result === 200) answers.live++;
        else answers.lost.push(String(result));
      }
    });
    await sleep(200);
    child.kill('SIGTERM');
    for (;;) {
      const result = await request(`${url}/api/health`, agent);
      if (typeof result === 'string') break;
      statusOfHealth.add(result);
    }
    await Promise.all(busy);
    agent.destroy();
    expect(answers).toEqual({ live: expect.any(Number), lost: [] });
    expect(answers.live).toBeGreaterThan(CLIENTS);
    expect(statusOfHealth).toContain(503);
    expect((await exited)[0]).toBe(0);
    running.delete(child);
  }, 60_000);
});

/** The status of an answer, or the code of the error in its place. */
async function request(url: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    get(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
