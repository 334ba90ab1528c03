import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '@jest/globals';
import { freePort } from '../../scripts/local-engines/ready.js';

const SERVER = 'redis-server';
const LIMIT_MS = 10_000;

/** A separate Redis on this machine, initially empty and without a file. */
export interface TestRedis {
  readonly url: string;
  /** Ends the server and discards its data. */
  stop(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Makes it hang: connections stay open and get no response. */
  pause(): void;
  resume(): void;
  /** Stops it finally. */
  close(): Promise<void>;
}

/** `describe` if Redis is installed. Otherwise the tests are skipped, and a line reports it. */
export const describeWithRedis: typeof describe | typeof describe.skip = chooseDescribe();

function chooseDescribe() {
  if (spawnSync(SERVER, ['--version']).status === 0) return describe;
  process.stderr.write(
    `Skipped: the tests with Redis, since there is no ${SERVER} on the PATH (Debian: apt-get install redis-server)\n`,
  );
  return describe.skip;
}

export async function startRedis(): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'test-redis-'));
  const port = await freePort();
  let server: ChildProcess | undefined;
  // An interrupted test run must not leave a server behind.
  const kill = () => server?.kill('SIGKILL');
  process.once('exit', kill);

  const start = async () => {
    server = spawn(
      SERVER,
      ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
    await untilAnswering(port, server);
  };
  const stop = async () => {
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    pause: () => void server?.kill('SIGSTOP'),
    resume: () => void server?.kill('SIGCONT'),
    async close() {
      await stop();
      process.off('exit', kill);
      await rm(directory, { recursive: true });
    },
  };
}

async function untilAnswering(port: number, server: ChildProcess): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await sleep(20)) {
    if (server.exitCode !== null) throw new Error(`${SERVER} ended with ${server.exitCode}`);
    if (await answersPing(port)) return;
  }
  throw new Error(`${SERVER} does not answer on port ${port}`);
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const answer = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('data', (data) => answer(data.toString().startsWith('+PONG')));
    socket.once('error', () => answer(false));
    socket.setTimeout(1000, () => answer(false));
  });
}
