import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedChild } from './child.js';

/**
 * Checks whether `host`:`port` is free by listening on it for a moment.
 *
 * @returns the port, chosen by the system for 0
 * @throws the error of `listen`, with its `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND)
 */
export async function probePort(port = 0, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port));
    });
  });
}

/** A free port of the loopback address. */
export async function freePort(): Promise<number> {
  return probePort();
}

/**
 * Status of a GET, or undefined while nothing answers. It uses a separate connection, so that none delays the engine's
 * stop.
 */
export async function statusOf(url: string, timeoutMs = 2_000): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
}

/** How to wait for a program. */
export interface ReadyOptions {
  /** For the error message. */
  name: string;
  timeoutMs?: number;
  /** Output that means failure, for a program that does not exit when it fails. */
  gaveUp?: RegExp;
  signal?: AbortSignal | undefined;
}

/**
 * Waits until `child` answers at `url`, with any status. Stops it on failure.
 *
 * @throws Error with the output of the child if it ends first, or after `timeoutMs`; the reason of `signal` if aborted
 */
export async function untilAnswering(
  child: ManagedChild,
  url: string,
  { name, timeoutMs = 30_000, gaveUp, signal }: ReadyOptions,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  try {
    while (child.running()) {
      signal?.throwIfAborted();
      const answered = (await statusOf(url)) !== undefined;
      if (gaveUp?.test(child.output())) throw new Error(withOutput(`${name} did not start`, child));
      // Checked again: another program may have answered on the port after the child failed.
      if (answered && child.running()) return;
      if (Date.now() > deadline)
        throw new Error(withOutput(`${name} did not answer in ${timeoutMs / 1000} s`, child));
      await sleep(20);
    }
    throw new Error(withOutput(`${name} did not start (${await child.exited})`, child));
  } catch (error) {
    await child.stop();
    throw error;
  }
}

function withOutput(message: string, child: ManagedChild): string {
  return child.output() === '' ? message : `${message}:\n${child.output()}`;
}
