import { spawn } from 'node:child_process';

/**
 * `read` comes back with a line when the child is gone (nothing to do), and with the end of the pipe when our process is
 * gone, however it ended: the kernel closes the pipe even after a SIGKILL. Shell rather than Node: it is there at once
 * and weighs a megabyte.
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
 * @returns a function to call once the process is gone, so that its number, which may be given to another, is left alone
 */
export function guard(pid: number, signal: 'TERM' | 'KILL' = 'TERM'): () => void {
  if (process.platform === 'win32') return () => undefined;
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'guard', String(pid), signal], {
    cwd: '/',
    // A group of its own: the Ctrl-C that ends us must not end the guard first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell, or with the guard gone before us, there is nothing to tell and nothing to be done about it.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  return () => {
    shell.stdin.end('released\n');
  };
}
