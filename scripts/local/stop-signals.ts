import { killAllChildren } from '../local-engines/child.js';

/**
 * npm passes on a Ctrl-C that a child already got from the terminal: one press arrives as several signals within
 * milliseconds. A later signal is a second press.
 */
const SAME_PRESS_MS = 500;

/**
 * An abort signal for a stop: Ctrl-C, SIGTERM, a closed terminal, or the end of the parent process (nobody passes on
 * its SIGKILL). A second Ctrl-C ends everything immediately.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let stoppingSince: number | undefined;
  const stop = (): void => {
    stoppingSince ??= Date.now();
    controller.abort();
  };
  process.on('SIGINT', () => {
    if (stoppingSince !== undefined && Date.now() - stoppingSince > SAME_PRESS_MS) {
      killAllChildren();
      process.exit(130);
    }
    stop();
  });
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  // After a terminal or pipe closes, the next output is an error, which would end this process before the children are
  // stopped.
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 1_000).unref();
  return controller.signal;
}
