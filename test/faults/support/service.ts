import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import supertest from 'supertest';
import { type ManagedChild, startChild } from '../../../scripts/local-engines/child.js';
import { productionCommand } from '../../../scripts/production-command.js';
import type { AppConfig } from '../../../src/config/config.js';
import type { LogLine } from '../../support/test-app.js';
import {
  createTestTables,
  deleteTestTables,
  tableEnvironment,
  testClient,
  testConfig,
} from '../../support/test-tables.js';

/** For `SECRET_KEY`, which production wants to be random; tests sign tokens of their own with it. */
export const SECRET_KEY = '5d0f5c9d6f7a4c0bb1f8b7a3e2d9c4a1f0e8d7b6c5a49382';

const START_LIMIT_MS = 30_000;

/** The built service in a process of its own. */
export interface Service {
  /** Base address, without a slash at its end. */
  readonly url: string;
  readonly http: ReturnType<typeof supertest>;
  /** Of the parent where there are several workers. */
  readonly pid: number;
  /** Every line logged so far, by all workers. */
  readonly logs: LogLine[];
  /** Resolves with the exit code when it is gone; `null` after SIGKILL. */
  readonly code: Promise<number | null>;
  running(): boolean;
  /** Sends a signal to the process. */
  kill(signal: NodeJS.Signals): void;
  /** Resident memory in MiB. */
  memory(): number;
  /** SIGTERM, SIGKILL when that does not help, and the exit code. */
  stop(): Promise<number | null>;
}

/** Tables of a test, on the engine of the tests or another one. */
export interface Tables {
  readonly config: AppConfig;
  delete(): Promise<void>;
}

/** @param environment such as another `DYNAMODB_ENDPOINT` */
export async function createTables(environment: Record<string, string> = {}): Promise<Tables> {
  const config = testConfig(environment);
  const client = testClient(config);
  await createTestTables(client, config.tables);
  return {
    config,
    async delete() {
      await deleteTestTables(client, config.tables);
      client.destroy();
    },
  };
}

/** Settings of production, on these tables and the engines of the tests. */
function settings({ tables, database, storage }: AppConfig): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'production',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    HOST: '127.0.0.1',
    PORT: '0',
    SECRET_KEY,
    RATE_LIMIT: 'off',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    DYNAMODB_ENDPOINT: database.endpoint ?? '',
    ...tableEnvironment(tables),
    S3_ENDPOINT: storage.endpoint ?? '',
    AWS_S3_BUCKET_NAME: storage.bucket ?? '',
    // A loaded machine must not look like an overloaded service; the faults of overload set their own.
    MAX_EVENT_LOOP_LAG_MS: '0',
    SHUTDOWN_GRACE_MS: '200',
  };
}

/**
 * Starts what production starts, with its settings, and waits until it listens; its database need not be there.
 *
 * @param environment what differs
 * @param directory where the build is
 */
export async function startService(
  { config }: Pick<Tables, 'config'>,
  environment: Record<string, string> = {},
  directory = '.',
): Promise<Service> {
  const { args, env } = await productionCommand();
  const child = startChild(process.execPath, args, {
    cwd: directory,
    env: { ...settings(config), ...env, ...environment },
    stdout: 'stream',
  });
  const logs: LogLine[] = [];
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) logs.push(JSON.parse(line) as LogLine);
    });
  }
  const url = await untilListening(child, logs);
  return {
    url,
    http: supertest(url),
    pid: child.pid,
    logs,
    code: child.code,
    running: () => child.running(),
    kill: (signal) => void process.kill(child.pid, signal),
    memory: () => memoryOf(child.pid),
    async stop() {
      await child.stop(12_000);
      return child.code;
    },
  };
}

async function untilListening(child: ManagedChild, logs: readonly LogLine[]): Promise<string> {
  for (const end = performance.now() + START_LIMIT_MS; performance.now() < end; await sleep(20)) {
    const line = logs.find(({ msg }) => msg === 'listening');
    if (line) return String(line['url']).replace(/\/$/, '');
    if (!child.running()) throw new Error(`The service ended with ${await child.exited}`);
  }
  await child.stop();
  throw new Error('The service does not listen');
}

/** Resident memory of a process in MiB. */
function memoryOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kib) / 1024);
}

/** The status of a request, and what came with it. */
export interface Answer {
  /** 0 where there was no answer. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly ms: number;
}

/** Sends a request of its own connection and tells how long the answer took, whatever it is. */
export async function ask(request: PromiseLike<supertest.Response>): Promise<Answer> {
  const started = performance.now();
  const [status, retryAfter] = await Promise.resolve(request).then(
    ({ status, headers }) => [status, headers['retry-after']] as const,
    () => [0, undefined] as const,
  );
  return { status, retryAfter, ms: Math.round(performance.now() - started) };
}

/** Readiness, and how the process says that it lives. */
export async function health({ http }: Pick<Service, 'http'>): Promise<{ live: number; ready: number }> {
  const [live, ready] = await Promise.all([http.get('/api/health/live'), http.get('/api/health')]);
  return { live: live.status, ready: ready.status };
}

/**
 * Asks again and again until the answer has the status wanted.
 *
 * @returns how long that took; milliseconds
 * @throws Error after `limitMs`
 */
export async function untilStatus(
  request: () => PromiseLike<supertest.Response>,
  wanted: number,
  limitMs = 5000,
): Promise<number> {
  const started = performance.now();
  let last = 0;
  while (performance.now() - started < limitMs) {
    last = (await ask(request())).status;
    if (last === wanted) return Math.round(performance.now() - started);
    await sleep(20);
  }
  throw new Error(`Still ${last}, not ${wanted}, after ${limitMs} ms`);
}

/**
 * Keeps a service to one core, and all else that this process has begun (its engine, its clients) and itself to the
 * others: on a machine of its own the service would not compete with them.
 *
 * @returns what undoes it, or nothing where it could not be done: there has to be another core, and `taskset`
 */
export async function separateCores({
  pid,
}: Pick<Service, 'pid'>): Promise<(() => Promise<void>) | undefined> {
  const last = availableParallelism() - 1;
  if (last < 1) return undefined;
  const others = descendants(process.pid).filter((other) => other !== pid);
  const keep = async (cores: string, ...processes: number[]) => {
    for (const kept of processes) await promisify(execFile)('taskset', ['-apc', cores, String(kept)]);
  };
  try {
    await keep('0', pid);
    // What these begin from now on is kept there too.
    await keep(`1-${last}`, ...others);
  } catch {
    await keep(`0-${last}`, pid, ...others).catch(() => undefined);
    return undefined;
  }
  return () => keep(`0-${last}`, ...others).catch(() => undefined);
}

/** A process and all that it, and they, have begun. */
function descendants(ancestor: number): number[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = [ancestor];
  for (const parent of found) {
    found.push(...processes.filter((name) => statOf(`/proc/${name}`)[1] === String(parent)).map(Number));
  }
  return found;
}

/** What follows the name of the program in `stat`: state, parent and so on; nothing when the process has gone. */
function statOf(entry: string): string[] {
  try {
    // The name, which is in brackets, may hold spaces and brackets.
    return readFileSync(`${entry}/stat`, 'utf8').split(/.*\) /s)[1]?.split(' ') ?? [];
  } catch {
    return [];
  }
}

/** Niceness of each thread of a service; only Linux knows it. */
export function threadNiceness({ pid }: Pick<Service, 'pid'>): number[] {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).map((thread) => Number(statOf(`${threads}/${thread}`)[16]));
}
