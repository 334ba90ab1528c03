import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
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

async function start(
  dataDirectory: string,
  port: number,
  environment: Record<string, string> = {},
): Promise<Started> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/start-local.ts'], {
    env: {
      ...process.env,
      ...{ NODE_OPTIONS: '', DATA_DIRECTORY: dataDirectory, PORT: String(port) },
      ...environment,
    },
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
    // Rows are nobody else's business on this machine, and SQLite's own files hold them too.
    for (const file of (await readdir(dataDirectory)).filter((name) => name.startsWith('dynamodb.sqlite'))) {
      expect((await stat(join(dataDirectory, file))).mode & 0o077).toBe(0);
    }
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

  const NO_CREDENTIALS = {
    ...{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
    ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
  };

  it.each([
    [
      'a store without a bucket',
      { S3_ENDPOINT: 'http://127.0.0.1:9' },
      /S3_ENDPOINT is set and AWS_S3_BUCKET_NAME is not\. Set both /,
    ],
    [
      'a data folder that cannot be written',
      { DATA_DIRECTORY: '/dev/null/data' },
      /Nothing can be written to the data folder \/dev\/null\/data \(\w+\)\. Make it writable .*DATA_DIRECTORY=/,
    ],
    [
      'a bucket without credentials',
      { ...NO_CREDENTIALS, AWS_S3_BUCKET_NAME: 'my-audio' },
      /There are no AWS credentials for bucket my-audio \(.*\)\. Set .*AWS_PROFILE/,
    ],
  ])('says in one line what to do about %s', async (_case, environment, line) => {
    const failure = await start(dataDirectory, port, environment).then(
      () => 'started',
      (error: Error) => error.message,
    );
    expect(failure).toMatch(new RegExp(`^npm start ended: ${line.source}[^\\n]*\\n$`));
  });

  it('takes the credentials of a profile for an own bucket, and none of the shell for its own store', async () => {
    const profiles = join(dataDirectory, 'credentials');
    await writeFile(profiles, '[dev]\naws_access_key_id = key-of-profile\naws_secret_access_key = secret\n');
    const shell = {
      AWS_ACCESS_KEY_ID: 'key-of-shell',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    };
    const profile = { ...NO_CREDENTIALS, AWS_SHARED_CREDENTIALS_FILE: profiles, AWS_PROFILE: 'dev' };
    for (const [environment, key] of [
      [{ ...profile, AWS_S3_BUCKET_NAME: 'my-audio' }, 'key-of-profile'],
      [shell, 'local'],
    ] as const) {
      const started = await start(dataDirectory, port, environment);
      try {
        const email = `${key}@example.com`;
        const { body } = await supertest(started.url)
          .post('/api/register')
          .send({ ...credentials, email })
          .expect(201);
        const { body: signed } = await supertest(started.url)
          .get('/api/presigned-url')
          .query({ key: `audio_upload/${body.user_id}/a.wav` })
          .set('Authorization', `Bearer ${body.token}`)
          .expect(200);
        expect(signed.url).toContain(`X-Amz-Credential=${key}%2F`);
      } finally {
        await started.interrupt();
      }
    }
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
