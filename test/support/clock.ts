import { jest } from '@jest/globals';

/** A multiple of every window of the limits but that of the strikes. Milliseconds. */
const WINDOW_MS = 900_000;

/**
 * Puts the clock of this process to the beginning of a window of the limits that are aligned to the clock, so that none
 * ends during a test. It goes on from there; `jest.restoreAllMocks()` puts it right again.
 */
export function beginWindow(): void {
  const now = Date.now();
  const offset = Math.ceil(now / WINDOW_MS) * WINDOW_MS - now;
  const before = jest.isMockFunction(Date.now) ? (Date.now as unknown as { offset: number }).offset : 0;
  jest.restoreAllMocks();
  const real = Date.now.bind(Date);
  const mock = jest.spyOn(Date, 'now').mockImplementation(() => real() + before + offset);
  Object.assign(mock, { offset: before + offset });
}
