import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { guard } from './guard.js';

/** A child process that ends with this process. */
export interface ManagedChild {
  /** Process id of the program itself. */
  readonly pid: number;
  /** Standard output, only with `stdout: 'stream'`. */
  readonly stdout: Readable | null;
  /** Resolves, never rejects, when the process has ended: `exit code 1`, `signal SIGKILL`, or why it did not start. */
  readonly exited: Promise<string>;
  /** Resolves with the exit code; null when a signal ended the process or it never started. */
  readonly code: Promise<number | null>;
  /** True until the process has ended. */
  running(): boolean;
  /** The end of what it wrote to the captured streams. */
  output(): string;
  /** SIGTERM, then SIGKILL after `graceMs` (5 s by default). Resolves when the process has ended. */
  stop(graceMs?: number): Promise<void>;
}

/** How a child is started. */
export interface ChildOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** `capture` (default) keeps both streams for `output()`; `stream` returns stdout and prints stderr. */
  stdout?: 'capture' | 'stream';
}

const KEPT_OUTPUT = 16_384;
const running = new Set<ChildProcess>();

/** Kills all children immediately. For the second Ctrl-C. */
export function killAllChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Starts a program that must not outlive this process.
 *
 * `stop()` ends it. It has its own process group, so that a Ctrl-C, which the terminal sends to the whole foreground
 * group, reaches only this process, which chooses the order of the stops. If this process ends without calling
 * `stop()`, even by a crash or a SIGKILL, the guard beside the child ends it within seconds (there is no guard on
 * Windows, which has no `sh`).
 */
export function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): ManagedChild {
  const stream = options.stdout === 'stream';
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    // On Windows a detached process gets a console window of its own.
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: ['ignore', 'pipe', stream ? 'inherit' : 'pipe'],
  });
  running.add(child);
  const release = child.pid === undefined ? () => undefined : guard(child.pid);

  let kept = '';
  const keep = (chunk: string): void => {
    kept = (kept + chunk).slice(-KEPT_OUTPUT);
  };
  if (!stream) child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);

  const ended = new Promise<{ code: number | null; reason: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, reason: error.message }));
    child.once('exit', (code, signal) =>
      resolve({ code, reason: signal === null ? `exit code ${String(code)}` : `signal ${signal}` }),
    );
  }).finally(() => {
    running.delete(child);
    release();
  });

  return {
    pid: child.pid ?? 0,
    stdout: stream ? child.stdout : null,
    exited: ended.then(({ reason }) => reason),
    code: ended.then(({ code }) => code),
    running: () => running.has(child),
    output: () => kept.trim(),
    stop: async (graceMs = 5_000) => {
      if (!running.has(child)) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}
