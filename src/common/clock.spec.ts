import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { elapsedMs } from './clock.js';

const HOUR_MS = 3_600_000;

describe('elapsedMs', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  function moveOn({ wallMs = 0, monotonicMs = 0 }): void {
    const [wall, monotonic] = [Date.now() + wallMs, performance.now() + monotonicMs];
    jest.restoreAllMocks();
    jest.spyOn(Date, 'now').mockReturnValue(wall);
    jest.spyOn(performance, 'now').mockReturnValue(monotonic);
  }

  it('goes on with the wall clock while the monotonic one stands still', () => {
    const before = elapsedMs();
    moveOn({ wallMs: HOUR_MS });
    expect(elapsedMs() - before).toBeCloseTo(HOUR_MS, -2);
    moveOn({ wallMs: HOUR_MS });
    expect(elapsedMs() - before).toBeCloseTo(2 * HOUR_MS, -2);
  });

  it('counts once what both clocks have seen', () => {
    const before = elapsedMs();
    moveOn({ wallMs: HOUR_MS, monotonicMs: HOUR_MS });
    expect(elapsedMs() - before).toBeCloseTo(HOUR_MS, -2);
  });

  it('never goes back with the wall clock', () => {
    const before = elapsedMs();
    moveOn({ wallMs: -HOUR_MS, monotonicMs: 500 });
    expect(elapsedMs() - before).toBeCloseTo(500, -2);
  });
});
