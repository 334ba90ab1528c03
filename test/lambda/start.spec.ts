import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/local-engines/ready.js';
import { exists, fixture, json, until } from './support/emulator.js';
import { descendantsOf } from './support/processes.js';

const PROGRAM = 'scripts/lambda/start.ts';

let directory: string;
let program: ChildProcess;
let output: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'start-lambda-'));
  output = '';
});

afterEach(() => {
  program.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function start(args: string[], env: NodeJS.ProcessEnv): void {
  program = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], {
    env: { ...process.env, NODE_OPTIONS: undefined, DATA_DIRECTORY: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [program.stdout, program.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
}

describe('npm run start:lambda', () => {
  it.each([
    ['SIGTERM', 'streaming.mjs', 'function-url'],
    ['SIGINT', 'function.mjs', 'http-api'],
  ] as const)('stops on %s with all that it started', async (signal, file, front) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    start([fixture(file)], { PORT: String(port), LAMBDA_FRONT: front, LAMBDA_CONCURRENCY: '2' });
    await until(() => output.includes(url), 20_000);
    const { requestContext } = await json<{ requestContext: { accountId: string } }>(`${url}/event`);
    expect(requestContext.accountId).toBe(front === 'http-api' ? '123456789012' : 'anonymous');
    expect(output.indexOf(url)).toBeLessThan(output.indexOf('Cold start'));
    expect(output).toMatch(/Cold start of \d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}: \d+ ms/);
    const started = descendantsOf(program.pid ?? NaN);
    // Database, object store and one environment, besides their guards.
    expect(started.length).toBeGreaterThanOrEqual(3);
    program.kill(signal);
    expect(await once(program, 'exit')).toEqual([0, null]);
    expect(output).toContain('Stopped');
    await until(() => !started.some(exists));
  });

  it.each([
    [['none.mjs'], {}, 'none.mjs is missing. Run: npm run build:lambda'],
    [
      [fixture('function.mjs')],
      { LAMBDA_FRONT: 'alb' },
      'LAMBDA_FRONT must be one of function-url, http-api, not "alb"',
    ],
    [
      [fixture('function.mjs')],
      { LAMBDA_CONCURRENCY: '0' },
      'LAMBDA_CONCURRENCY must be a whole number from 1 to 999',
    ],
  ])('refuses %j with %j', async (args, env, reason) => {
    start(args, env);
    expect(await once(program, 'close')).toEqual([1, null]);
    expect(output).toContain(reason);
  });
});
