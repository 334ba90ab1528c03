import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FailurePadding } from './failure-padding.js';

/** Work of a cheap hash and of the most expensive one. */
const [SMALL, LARGE] = [10, 100];

/** Milliseconds after which a failure is reported if its check took `durationMs`. */
async function held(padding: FailurePadding, durationMs: number): Promise<number> {
  const started = performance.now();
  const ended = padding.pad(durationMs).then(() => Math.round(performance.now() - started));
  await jest.advanceTimersByTimeAsync(60_000);
  return ended;
}

describe('FailurePadding', () => {
  let padding: FailurePadding;

  beforeEach(async () => {
    jest.useFakeTimers();
    padding = new FailurePadding(LARGE);
    // The most expensive check takes 100 ms, and a failure 120.
    await padding.calibrate(() => Promise.resolve(1));
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('lets a quick check take as long as a slow one', async () => {
    padding.note(200, LARGE);
    padding.note(20, SMALL);
    expect(20 + (await held(padding, 20))).toBe(240);
    expect(200 + (await held(padding, 200))).toBe(240);
  });

  it('holds nothing back that took longer', async () => {
    padding.note(100, LARGE);
    expect(await held(padding, 150)).toBe(0);
  });

  it('lets the first check take as long as the costliest one is estimated to', async () => {
    padding.note(10, SMALL);
    expect(10 + (await held(padding, 10))).toBe(120);
  });

  it('forgets a slow check in time, down to what the costliest one is estimated to take', async () => {
    padding.note(400, LARGE);
    await jest.advanceTimersByTimeAsync(600_000);
    padding.note(20, SMALL);
    expect(20 + (await held(padding, 20))).toBe(240);
    for (let i = 0; i < 10; i++) {
      await jest.advanceTimersByTimeAsync(2_700_000);
      padding.note(20, SMALL);
    }
    expect(20 + (await held(padding, 20))).toBe(120);
  });

  it('is not held up by one check that took very long', async () => {
    padding.note(30_000, LARGE);
    expect(await held(padding, 0)).toBe(960);
  });

  it('tells nothing by a limit on a slow machine', async () => {
    const slow = new FailurePadding(LARGE);
    await slow.calibrate(() => Promise.resolve(20));
    slow.note(1900, LARGE);
    expect(400 + (await held(slow, 400))).toBe(2400);
    slow.note(2500, LARGE);
    expect(400 + (await held(slow, 400))).toBe(3000);
    expect(2500 + (await held(slow, 2500))).toBe(3000);
  });

  it('reckons with costlier hashes once there are some', async () => {
    padding.note(700, 10 * LARGE);
    await jest.advanceTimersByTimeAsync(24 * 3_600_000);
    padding.note(20, SMALL);
    expect(20 + (await held(padding, 20))).toBe(1200);
  });

  it('measures once, however many come first, and again where that failed', async () => {
    const measure = jest.fn(() => Promise.resolve(2));
    const fresh = new FailurePadding(LARGE);
    await expect(fresh.calibrate(() => Promise.reject(new Error('out of memory')))).rejects.toThrow(
      'out of memory',
    );
    await Promise.all([1, 2, 3].map(() => fresh.calibrate(measure)));
    await fresh.calibrate(measure);
    expect(measure).toHaveBeenCalledTimes(1);
    expect(await held(fresh, 0)).toBe(240);
  });

  it('measures again after a minute, so that a start on a busy machine slows down failures no longer', async () => {
    const busy = new FailurePadding(LARGE);
    await busy.calibrate(() => Promise.resolve(16));
    expect(await held(busy, 0)).toBe(1920);
    await jest.advanceTimersByTimeAsync(60_000);
    await busy.calibrate(() => Promise.resolve(1));
    expect(await held(busy, 0)).toBe(120);
  });

  it('holds no failure for more than five seconds, however busy the machine is', async () => {
    const starved = new FailurePadding(LARGE);
    await starved.calibrate(() => Promise.resolve(160));
    expect(await held(starved, 0)).toBe(5000);
  });

  it('keeps what it knows where it cannot be measured again', async () => {
    await jest.advanceTimersByTimeAsync(60_000);
    await padding.calibrate(() => Promise.reject(new Error('out of memory')));
    expect(await held(padding, 0)).toBe(120);
  });
});
