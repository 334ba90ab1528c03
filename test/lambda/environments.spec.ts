import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { exists, fixture, json, serve, until } from './support/emulator.js';

interface Process {
  pid: number;
  ticks: number;
  invocations: number;
  tmpdir: string;
  env: Record<string, string>;
}

const FAILED = 'Internal Server Error';

describe('an execution environment', () => {
  it('is stopped while it waits: work that was not awaited goes on at the next invocation only', async () => {
    const emulator = await serve();
    const before = await json<Process>(`${emulator.url}/process`);
    await until(() => emulator.environments[0]?.state === 'frozen');
    await sleep(1_000);
    const after = await json<Process>(`${emulator.url}/process`);
    expect(after).toMatchObject({ pid: before.pid, invocations: 2 });
    // It ticks every 10 ms, a hundred times in the second between.
    expect(after.ticks - before.ticks).toBeLessThan(20);
    const { ticks } = await json<Process>(`${emulator.url}/process`);
    await json(`${emulator.url}/slow?ms=300`);
    expect((await json<Process>(`${emulator.url}/process`)).ticks - ticks).toBeGreaterThan(10);
  });

  it('has one request at a time, a process and a TMPDIR of its own', async () => {
    const emulator = await serve({ concurrency: 3 });
    const slow = async (): Promise<{ pid: number }> => json(`${emulator.url}/slow?ms=500`);
    const pids = (await Promise.all([slow(), slow(), slow()])).map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(3);
    expect(emulator.coldStarts).toHaveLength(3);
    const files = await Promise.all(
      [1, 2, 3].map(async () => (await json<Process>(`${emulator.url}/file`)).tmpdir),
    );
    for (const directory of files) expect(existsSync(join(directory, 'kept'))).toBe(true);
    await emulator.close();
    for (const directory of files) expect(existsSync(directory)).toBe(false);
    for (const pid of pids) expect(exists(pid)).toBe(false);
  });

  it('is used again, the last one first, and none is started for requests one after the other', async () => {
    const emulator = await serve({ concurrency: 2 });
    await Promise.all([1, 2].map(async () => json(`${emulator.url}/slow?ms=200`)));
    const pids = new Set<number>();
    for (let request = 0; request < 10; request += 1) {
      await until(() => emulator.environments.every(({ state }) => state === 'frozen'));
      pids.add((await json<Process>(`${emulator.url}/process`)).pid);
    }
    expect(pids.size).toBe(1);
    expect(emulator.coldStarts).toHaveLength(2);
  });

  it('is awaited for a moment when it has answered and is the only one', async () => {
    const emulator = await serve({ concurrency: 1 });
    for (let request = 0; request < 50; request += 1) {
      expect((await fetch(`${emulator.url}/event`)).status).toBe(200);
    }
    expect(emulator.coldStarts).toHaveLength(1);
  });

  it.each([
    ['function-url', 429, 'ReservedFunctionConcurrentInvocationLimitExceeded'],
    ['http-api', 503, 'Service Unavailable'],
  ] as const)('is not there for a request when all are busy: %s answers %d', async (front, status, text) => {
    const { url } = await serve({ concurrency: 1, front });
    const slow = fetch(`${url}/slow?ms=1500`);
    await sleep(800);
    const refused = await fetch(`${url}/event`);
    expect(refused.status).toBe(status);
    expect(await refused.text()).toContain(text);
    expect((await slow).status).toBe(200);
    expect((await fetch(`${url}/event`)).status).toBe(200);
  });

  it('is ended when it was idle for so long, and a new one is started', async () => {
    const emulator = await serve({ idleMs: 300 });
    const { pid } = await json<Process>(`${emulator.url}/process`);
    await until(() => emulator.environments.length === 0);
    expect(exists(pid)).toBe(false);
    expect((await json<Process>(`${emulator.url}/process`)).pid).not.toBe(pid);
    expect(emulator.coldStarts).toHaveLength(2);
  });

  it('that is killed during a request costs that request only', async () => {
    const emulator = await serve();
    const slow = fetch(`${emulator.url}/slow?ms=20000`);
    await until(() => emulator.environments[0]?.state === 'busy');
    process.kill(emulator.environments[0]?.pid ?? NaN, 'SIGKILL');
    const response = await slow;
    expect([response.status, await response.text()]).toEqual([502, FAILED]);
    expect(emulator.lines.join('\n')).toContain('Runtime exited with error: signal: sigkill');
    expect((await fetch(`${emulator.url}/event`)).status).toBe(200);
  });

  it('that is killed while it is frozen costs no request', async () => {
    const emulator = await serve();
    await fetch(`${emulator.url}/event`);
    await until(() => emulator.environments[0]?.state === 'frozen');
    process.kill(emulator.environments[0]?.pid ?? NaN, 'SIGKILL');
    await until(() => emulator.environments.length === 0);
    expect((await fetch(`${emulator.url}/event`)).status).toBe(200);
  });

  it('is killed with an invocation whose time is over', async () => {
    const emulator = await serve({ invokeTimeoutMs: 500 });
    const { pid } = await json<Process>(`${emulator.url}/process`);
    const response = await fetch(`${emulator.url}/slow?ms=20000`);
    expect([response.status, await response.text()]).toEqual([502, FAILED]);
    expect(emulator.lines.join('\n')).toContain('Task timed out after 0.50 seconds');
    await until(() => !exists(pid));
    expect((await json<Process>(`${emulator.url}/process`)).pid).not.toBe(pid);
  });

  it('has the variables of Lambda and of the function, and none of ours', async () => {
    process.env.ONLY_OURS = 'secret';
    const { url } = await serve({ env: { TABLE: 'a', AWS_REGION: 'eu-central-1' }, memoryMb: 1024 });
    const { env, tmpdir: own } = await json<Process>(`${url}/process`);
    delete process.env.ONLY_OURS;
    expect(env).toMatchObject({
      TABLE: 'a',
      AWS_REGION: 'eu-central-1',
      AWS_LAMBDA_FUNCTION_NAME: 'emulator',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      _HANDLER: 'function.handler',
      TMPDIR: own,
    });
    expect(env.ONLY_OURS).toBeUndefined();
    expect(env.NODE_OPTIONS).toBeUndefined();
  });

  it('gives a context with the request id, the deadline and the trace of the event', async () => {
    const { url, lines } = await serve();
    const response = await fetch(`${url}/context`);
    const context = (await response.json()) as Record<string, unknown>;
    expect(context.awsRequestId).toBe(response.headers.get('x-amzn-requestid'));
    expect(context.xRayTraceId).toBe(response.headers.get('x-amzn-trace-id'));
    expect(context.remainingMs).toBeGreaterThan(20_000);
    expect(context.remainingMs).toBeLessThanOrEqual(29_000);
    await fetch(`${url}/log`);
    expect(lines.join('\n')).toMatch(/Z\t[0-9a-f-]{36}\tINFO\ta line of the function/);
    await until(() => lines.filter((line) => line.startsWith('REPORT')).length === 2);
    expect(lines.at(-1)).toMatch(/Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 512 MB/);
  });
});

describe('a start', () => {
  it('that fails is reported, and the next request tries again', async () => {
    const flag = join(mkdtempSync(join(tmpdir(), 'init-')), 'broken');
    writeFileSync(flag, '');
    const emulator = await serve({
      handlerFile: fixture('init-throws.mjs'),
      env: { BROKEN_WHILE: flag },
      concurrency: 1,
    });
    const response = await fetch(emulator.url);
    expect([response.status, await response.text()]).toEqual([502, FAILED]);
    expect(emulator.lines.join('\n')).toMatch(/INIT_REPORT.*RangeError.*broken on purpose/);
    expect(emulator.coldStarts).toHaveLength(0);
    rmSync(flag);
    expect(await (await fetch(emulator.url)).text()).toBe('works');
    expect(emulator.coldStarts).toEqual([
      { environment: emulator.environments[0]?.name, durationMs: expect.any(Number) },
    ]);
  });

  it.each([
    ['of a process that ends', { handlerFile: fixture('init-exits.mjs') }, 'exit status 7'],
    [
      'that takes too long',
      { handlerFile: fixture('init-hangs.mjs'), initTimeoutMs: 500 },
      'Status: timeout',
    ],
    ['of a module that is not there', { handlerFile: fixture('none.mjs') }, 'Runtime.ImportModuleError'],
    ['of an export that is none', { exportName: 'none' }, 'Runtime.HandlerNotFound'],
    ['of an export that is no function', { exportName: 'notAFunction' }, 'is not a function'],
  ])('%s is a 502 with the reason in the log', async (_what, options, reason) => {
    const { url, lines, environments } = await serve(options);
    for (let request = 0; request < 2; request += 1) expect((await fetch(url)).status).toBe(502);
    expect(lines.filter((line) => line.includes(reason)).length).toBeGreaterThanOrEqual(2);
    expect(environments).toHaveLength(0);
  });
});
