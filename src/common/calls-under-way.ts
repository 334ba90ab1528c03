import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** How often is looked whether everything has ended; milliseconds. */
const LOOK_MS = 5;

let underWay = 0;

/** Counts something that must not be cut off in the middle: a call to AWS, a request. @returns what ends it; to be called once */
export function beginCall(): () => void {
  underWay++;
  return () => underWay--;
}

/**
 * Waits until nothing is under way, nor begins at once, as work that nobody awaits. For a process that is frozen afterwards.
 *
 * @param limitMs the longest wait; milliseconds
 * @returns whether everything has ended
 */
export async function allCallsEnded(limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  for (;;) {
    // The next of a row of calls begins within a turn of the event loop.
    await nextTurn();
    if (underWay === 0) {
      await nextTurn();
      if (underWay === 0) return true;
    }
    if (performance.now() > end) return false;
    await sleep(LOOK_MS);
  }
}
