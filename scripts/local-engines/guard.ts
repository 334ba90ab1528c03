import { spawn } from 'node:child_process';

/**
 * `read` returns a line when the child has ended (nothing to do), and the end of the pipe when this process has ended
 * for any reason: the kernel closes the pipe even after a SIGKILL. Shell instead of Node: it starts immediately and
 * takes a megabyte.
 */
const SCRIPT = `
read -r _ && exit 0
kill "-$2" "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 "$1" 2>/dev/null || exit 0
  sleep 0.25
done
kill -KILL "$1" 2>/dev/null
`;

/**
 * Ends process `pid` (`signal`, SIGKILL 5 s later) when this process goes away without having released it. A negative number
 * is a process group, as for `kill`.
 *
 * @returns a function to call when the process has ended, because its id may be reused
 */
export function guard(pid: number, signal: 'TERM' | 'KILL' = 'TERM'): () => void {
  if (process.platform === 'win32') return () => undefined;
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'guard', String(pid), signal], {
    cwd: '/',
    // Its own process group: a Ctrl-C for this process must not end the guard first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell, or if the guard has ended first, nothing can be done.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  return () => {
    shell.stdin.end('released\n');
  };
}
