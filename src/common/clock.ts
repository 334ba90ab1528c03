const startedAt = Date.now() - performance.now();
/** For how long the process was frozen so far, as far as `performance.now()` does not say it. Milliseconds. */
let frozenMs = 0;
/** Clocks that differ by less were not stopped; the wall clock is corrected now and then. Milliseconds. */
const TOLERANCE_MS = 1_000;

/**
 * Milliseconds since the start of the process, also those in which it was frozen, as between two invocations on AWS Lambda:
 * `performance.now()` may stand still meanwhile. For what becomes out of date with time. Never goes back; a wall clock that is set
 * forward makes things look older than they are.
 */
export function elapsedMs(): number {
  const awakeMs = performance.now();
  const aheadMs = Date.now() - startedAt - awakeMs - frozenMs;
  if (aheadMs > TOLERANCE_MS) frozenMs += aheadMs;
  return awakeMs + frozenMs;
}
