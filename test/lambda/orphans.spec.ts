import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { exists, fixture, json, until } from './support/emulator.js';
import { descendantsOf } from './support/processes.js';

const PROGRAM = fileURLToPath(new URL('./support/emulator-process.ts', import.meta.url));
const hasSetpriv = (process.env.PATH ?? '').split(':').some((folder) => existsSync(`${folder}/setpriv`));

let started: ChildProcess | undefined;
let orphans: number[] = [];

afterEach(() => {
  started?.kill('SIGKILL');
  for (const pid of orphans) if (exists(pid)) process.kill(pid, 'SIGKILL');
});

async function startProcess(guard: string): Promise<{ emulator: ChildProcess; url: string }> {
  const emulator = spawn(process.execPath, ['--import', 'tsx', PROGRAM, fixture('function.mjs'), guard], {
    env: { ...process.env, NODE_OPTIONS: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started = emulator;
  const [line] = (await once(emulator.stdout, 'data')) as [Buffer];
  return { emulator, url: line.toString().trim() };
}

function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

describe('an emulator that is killed', () => {
  it.each(['setpriv', 'watcher'])('leaves no stopped and no busy environment behind (%s)', async (guard) => {
    if (guard === 'setpriv' && !hasSetpriv) return console.warn('skipped: setpriv is not installed');
    const { emulator, url } = await startProcess(guard);
    const slow = fetch(`${url}/slow?ms=60000`).catch(() => undefined);
    const { pid: busyOrFrozen } = await json<{ pid: number }>(`${url}/slow?ms=500`);
    const { pid } = await json<{ pid: number }>(`${url}/process`);
    orphans = [busyOrFrozen, pid, ...descendantsOf(emulator.pid ?? NaN)];
    await until(() => isStopped(pid));
    expect(orphans.filter(exists).length).toBeGreaterThanOrEqual(2);
    emulator.kill('SIGKILL');
    await once(emulator, 'exit');
    await until(() => !orphans.some(exists));
    await slow;
  });
});
