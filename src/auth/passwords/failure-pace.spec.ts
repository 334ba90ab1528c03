import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FailurePace } from './failure-pace.js';

/** Milliseconds after which a failure whose check took `durationMs` is told. */
async function held(pace: FailurePace, durationMs: number): Promise<number> {
  const started = performance.now();
  const ended = pace.hold(durationMs).then(() => Math.round(performance.now() - started));
  await jest.advanceTimersByTimeAsync(5000);
  return ended;
}

describe('FailurePace', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets a quick check take as long as a slow one', async () => {
    const pace = new FailurePace();
    pace.note(100);
    pace.note(20);
    expect(20 + (await held(pace, 20))).toBe(120);
    expect(100 + (await held(pace, 100))).toBe(120);
  });

  it('holds nothing back that took longer', async () => {
    const pace = new FailurePace();
    pace.note(100);
    expect(await held(pace, 150)).toBe(0);
  });

  it('forgets a slow check in time', async () => {
    const pace = new FailurePace();
    pace.note(400);
    await jest.advanceTimersByTimeAsync(1_200_000);
    pace.note(20);
    expect(await held(pace, 20)).toBe(100);
  });

  it('never holds a failure back for more than a second', async () => {
    const pace = new FailurePace();
    pace.note(30_000);
    expect(await held(pace, 0)).toBe(1000);
  });
});
