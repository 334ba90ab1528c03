import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pretty from 'pino-pretty';
import { type ManagedChild, startChild } from '../local-engines/child.js';
import { statusOf } from '../local-engines/ready.js';
import { ROOT, setting } from './environment.js';
import { StartError } from './start-error.js';

const START_TIMEOUT_MS = 60_000;

/**
 * Creates missing tables. Prints the output of the command only if it fails.
 *
 * @throws StartError if it fails; the reason of `signal` if aborted
 */
export async function createTables(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const command = startChild(process.execPath, [built('commands/create-tables.js')], { env, cwd: ROOT });
  const onAbort = (): void => void command.stop();
  signal.addEventListener('abort', onAbort);
  const code = await command.code;
  signal.removeEventListener('abort', onAbort);
  signal.throwIfAborted();
  if (code === 0) return;
  if (command.output() !== '') process.stderr.write(`${command.output()}\n`);
  throw new StartError(`The tables could not be created (${await command.exited})`);
}

/** Starts the service and formats its log lines. */
export function startService(env: NodeJS.ProcessEnv): ManagedChild {
  const service = startChild(process.execPath, [built('main.js')], {
    env,
    cwd: ROOT,
    stdout: 'stream',
  });
  service.stdout?.pipe(readableLog());
  return service;
}

/** Takes log lines as JSON, and any others, and writes them to the standard output in readable form. */
export function readableLog(): Writable {
  return pretty({
    colorize: process.stdout.isTTY && setting('NO_COLOR') === undefined,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    destination: process.stdout,
  });
}

/**
 * Waits until the liveness probe succeeds.
 *
 * @throws StartError after a minute; the reason of `signal` if aborted
 */
export async function untilLive(url: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await statusOf(`${url}/api/health/live`)) !== 200) {
    if (Date.now() > deadline)
      throw new StartError(`The service did not answer in ${START_TIMEOUT_MS / 1000} s`);
    await sleep(100, undefined, { signal });
  }
}

function built(file: string): string {
  const path = join(ROOT, 'dist', file);
  if (!existsSync(path)) throw new StartError(`dist/${file} is missing. Run: npm run build`);
  return path;
}
