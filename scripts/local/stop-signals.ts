import { killAllChildren } from '../local-engines/child.js';

/**
 * npm passes a Ctrl-C on to a child that had it from the terminal already: one press arrives as several signals, within
 * milliseconds. Only one that comes later is a second press.
 */
const SAME_PRESS_MS = 500;

/**
 * An abort signal for "stop now": Ctrl-C, SIGTERM, a closed terminal, or the end of the process that started us (whose own
 * SIGKILL nobody passes on). A second Ctrl-C ends everything at once.
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
  // A closed terminal or pipe makes the next line an error, which would end us before the children are stopped.
  process.stdout.on('error', stop);
  process.stderr.on('error', stop);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 1_000).unref();
  return controller.signal;
}
