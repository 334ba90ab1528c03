import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LINUX = process.platform === 'linux';

/** Unit of the times in `/proc/<pid>/stat`; 100 on almost every Linux, so that the resolution is 10 ms. */
const ticksPerSecond = LINUX ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : NaN;

/** CPU time that a process has used, user and system, all threads; microseconds. Undefined where there is no `/proc`. */
export function cpuMicros(pid: number): number | undefined {
  if (!LINUX) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // proc_pid_stat(5) counts from 1: utime is 14, stime is 15, and the first one here is 3.
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Current and maximum resident memory; MiB. */
export interface Memory {
  readonly residentMib: number;
  readonly peakMib: number;
}

/** Memory of a process. Undefined where there is no `/proc`. */
export function memoryOf(pid: number): Memory | undefined {
  if (!LINUX) return undefined;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { residentMib: mib('VmRSS'), peakMib: mib('VmHWM') };
}
