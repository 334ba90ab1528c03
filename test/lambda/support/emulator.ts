import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../../scripts/lambda/emulator.js';

const opened: Emulator[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((emulator) => emulator.close()));
});

/** An emulator with the lines that it logged. */
export interface TestEmulator extends Emulator {
  readonly lines: string[];
}

/** Serves the buffered function of the fixtures until the end of the test. */
export async function serve(options: Partial<EmulatorOptions> = {}): Promise<TestEmulator> {
  const lines: string[] = [];
  const emulator = await startEmulator({
    handlerFile: fixture('function.mjs'),
    exportName: 'handler',
    mode: 'buffered',
    log: (line) => lines.push(line),
    ...options,
  });
  opened.push(emulator);
  return Object.assign(emulator, { lines });
}

/** Serves the streaming function of the fixtures until the end of the test. */
export async function serveStream(options: Partial<EmulatorOptions> = {}): Promise<TestEmulator> {
  return serve({
    handlerFile: fixture('streaming.mjs'),
    exportName: 'streamHandler',
    mode: 'stream',
    ...options,
  });
}

/** A file beside the specs. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** The JSON of an answer. */
export async function json<T = Record<string, unknown>>(url: string, init?: RequestInit): Promise<T> {
  return (await (await fetch(url, init)).json()) as T;
}

/** Sends bytes as they are and reads until the server closes: `fetch` would tidy them up. */
export async function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(request);
  return text(socket);
}

/** Waits until `check` is true. @throws Error after `timeoutMs` */
export async function until(check: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`Not in time: ${check.toString()}`);
    await sleep(10);
  }
}

/** Whether there is such a process. Zombies are none. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
