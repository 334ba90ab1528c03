import { setImmediate as nextTurn } from 'node:timers/promises';

let underWay = 0;
/** Who waits until nothing is under way. */
const waiting = new Set<() => void>();

/**
 * Counts something that must not be cut off in the middle: a call to AWS, a request.
 *
 * @returns what ends it; to be called once
 */
export function beginCall(): () => void {
  underWay++;
  return () => {
    underWay--;
    if (underWay === 0) for (const go of waiting) go();
  };
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
    if (underWay === 0) return true;
    if (performance.now() > end) return false;
    await noneOrUntil(end);
  }
}

async function noneOrUntil(end: number): Promise<void> {
  let go: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    go = resolve;
    waiting.add(go);
    timer = setTimeout(resolve, Math.max(1, end - performance.now()));
  });
  waiting.delete(go);
  clearTimeout(timer);
}
