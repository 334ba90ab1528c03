import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, TestApp } from './test-app.js';

const LIMIT_MS = 5000;

/**
 * The first matching log line. Waits for it: the line of a request is written when its connection has sent the
 * response, which the client may have earlier.
 *
 * @throws Error if there is none after five seconds
 */
export async function findLogLine({ logs }: TestApp, fits: (line: LogLine) => boolean): Promise<LogLine> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await sleep(5)) {
    const line = logs.find(fits);
    if (line) return line;
  }
  throw new Error(`No such line in the log:\n${logs.map((line) => JSON.stringify(line)).join('\n')}`);
}
