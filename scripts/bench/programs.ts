import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readConfig } from '../../src/config/read-config.js';
import { startChild } from '../local-engines/child.js';
import { probePort, statusOf } from '../local-engines/ready.js';
import { type Fixtures, RECORDS } from './fixtures.js';
import { productionCommand } from '../production-command.js';
import { cpuMicros } from './process-stats.js';

/** A running server that answers. */
export interface Program {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to its first 200; milliseconds. */
  readonly startMs: number;
  /** CPU time of all its threads until then; milliseconds. Undefined where there is no `/proc`. */
  readonly startCpuMs: number | undefined;
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POLL_MS = 5;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 3_000;
const COMMAND_LIMIT_MS = 60_000;

/**
 * The complete environment of the service: no variable of the caller (`NODE_OPTIONS`, AWS profiles) may affect the
 * measurement.
 */
export function serviceEnvironment(databaseEndpoint: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    // The only variable that may be compared.
    DYNAMODB_TRANSPORT: process.env['DYNAMODB_TRANSPORT'] ?? '',
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    SECRET_KEY: randomBytes(32).toString('hex'),
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    DYNAMODB_ENDPOINT: databaseEndpoint,
    // There is no load balancer to wait for.
    SHUTDOWN_GRACE_MS: '0',
    // One client sends the requests of thousands here.
    RATE_LIMIT: 'off',
  };
}

/** Starts and stops the processes of a run. */
export class Programs {
  private readonly running = new Set<() => Promise<void>>();

  private readonly signal: AbortSignal;

  /**
   * @param run aborting it ends programs that run to completion and prevents more starts. A server that ends by itself
   *   aborts it
   */
  constructor(private readonly run: AbortController) {
    this.signal = run.signal;
  }

  /** Registers something that others started, so that it is stopped too. */
  adopt(stop: () => Promise<void>): void {
    this.running.add(stop);
  }

  /** The built service, as `npm run start:prod` starts it. */
  async startService(environment: Record<string, string>): Promise<Program> {
    const port = await probePort();
    const { args, env } = await productionCommand();
    return this.start(args, { ...environment, ...env, PORT: String(port) }, port, '/api/health/live');
  }

  /** The server that the service is compared with. */
  async startBareServer(environment: Record<string, string>): Promise<Program> {
    const port = await probePort();
    return this.start(['scripts/bench/bare-server.mjs', String(port)], environment, port, '/');
  }

  /** The server that only reads records from DynamoDB. */
  async startLimitServer(
    environment: Record<string, string>,
    { fileId, userId }: Fixtures,
  ): Promise<Program> {
    const port = await probePort();
    const { audioFiles } = readConfig(environment).tables;
    const args = [
      String(port),
      environment['DYNAMODB_ENDPOINT'] ?? '',
      audioFiles,
      fileId,
      userId,
      String(RECORDS),
    ];
    return this.start(['scripts/bench/limit-server.mjs', ...args], environment, port, '/');
  }

  /**
   * Runs a Node program to completion.
   *
   * @returns its standard output
   * @throws Error with its error output if it fails or takes more than a minute plus `extraMs`
   */
  async runNode(args: readonly string[], env: Record<string, string>, extraMs = 0): Promise<string> {
    const timeout = COMMAND_LIMIT_MS + extraMs;
    const options = { cwd: ROOT, env, signal: this.signal, timeout };
    return (await promisify(execFile)(process.execPath, args, options)).stdout;
  }

  /** Stops everything that is still running. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.running].map((stop) => stop()));
  }

  private async start(
    args: readonly string[],
    env: Record<string, string>,
    port: number,
    path: string,
  ): Promise<Program> {
    this.signal.throwIfAborted();
    const started = performance.now();
    // The log goes to /dev/null, because reading it would take time from the load generator. `exec` keeps the process
    // id.
    const shell = ['-c', 'exec "$0" "$@" >/dev/null', process.execPath, ...args];
    const child = startChild('/bin/sh', shell, { cwd: ROOT, env });
    let stopping = false;
    const stop = async (): Promise<void> => {
      stopping = true;
      await child.stop(STOP_LIMIT_MS);
      this.running.delete(stop);
    };
    this.running.add(stop);
    void child.exited.then((reason) => {
      if (!stopping) this.run.abort(new Error(`${child.output()}\n${args[0]} ended by itself (${reason})`));
    });
    const url = `http://127.0.0.1:${port}`;
    await this.untilServing(`${url}${path}`, started);
    const startMs = performance.now() - started;
    const micros = cpuMicros(child.pid);
    const startCpuMs = micros === undefined ? undefined : micros / 1000;
    return { url, pid: child.pid, startMs, startCpuMs, stop };
  }

  private async untilServing(url: string, started: number): Promise<void> {
    while ((await statusOf(url)) !== 200) {
      this.signal.throwIfAborted();
      if (performance.now() - started > START_LIMIT_MS) throw new Error(`${url} did not answer with 200`);
      await sleep(POLL_MS);
    }
  }
}
