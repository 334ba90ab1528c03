import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { guard } from '../local-engines/guard.js';

/**
 * How a process ends with ours when ours is killed: by the kernel (`setpriv --pdeathsig` of util-linux), or by a watcher, a
 * shell beside it that is never stopped and that sees the end of a pipe.
 */
export type OrphanGuard = 'setpriv' | 'watcher';

/**
 * Starts a program, leader of a process group of its own, that does not outlive this process even when it is stopped: a
 * SIGTERM, or the end of a pipe, would wait for a SIGCONT that never comes; SIGKILL does not.
 */
export function spawnMortal(
  command: string,
  args: readonly string[],
  {
    env,
    cwd,
    orphanGuard = defaultGuard(),
  }: { env: NodeJS.ProcessEnv; cwd: string; orphanGuard?: OrphanGuard },
): ChildProcess {
  const [program, ...rest] =
    orphanGuard === 'setpriv'
      ? ['setpriv', '--pdeathsig', 'KILL', '--', command, ...args]
      : [command, ...args];
  const child = spawn(program, rest, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  if (orphanGuard === 'watcher' && child.pid !== undefined) {
    child.once('exit', guard(-child.pid, 'KILL'));
  }
  return child;
}

/** Ends the process and all that it started, stopped or not. */
export function killGroup({ pid }: ChildProcess): void {
  signalTo(pid === undefined ? undefined : -pid, 'SIGKILL');
}

/** Sends a signal; a process that is gone meanwhile needs none. */
export function signalTo(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function defaultGuard(): OrphanGuard {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, 'setpriv'))) ? 'setpriv' : 'watcher';
}
