import { describe, expect, it } from '@jest/globals';
import type { HttpEvent } from '../../scripts/lambda/event.js';
import { fixture, json, serve, type TestEmulator } from './support/emulator.js';

const HOUR = 3_600_000;
/** More than the test takes. */
const SOON = 60_000;

interface Clocks {
  date: number;
  now: number;
  text: number;
  performance: number;
  hrtime: number;
  hrtimePair: number;
  fixed: string;
  isDate: boolean;
  fired: string[];
  intervals: number;
  aborted: boolean;
}

async function serveClock(): Promise<TestEmulator> {
  return serve({ handlerFile: fixture('clock.mjs'), clock: true, concurrency: 1 });
}

describe('the injected clock', () => {
  it('moves wall and monotonic time, and timers that became due fire once before the handler', async () => {
    const emulator = await serveClock();
    const before = await json<Clocks>(`${emulator.url}/start`);
    expect(Math.abs(before.now - Date.now())).toBeLessThan(SOON);
    emulator.advanceClock(3 * HOUR, { monotonic: true });
    const after = await json<Clocks>(`${emulator.url}/read`);
    for (const clock of ['date', 'now', 'text', 'performance', 'hrtime', 'hrtimePair'] as const) {
      const moved = after[clock] - before[clock] - 3 * HOUR;
      expect([clock, Math.abs(moved) < SOON]).toEqual([clock, true]);
    }
    expect(after).toMatchObject({
      fixed: '2020-01-02T03:04:05.000Z',
      isDate: true,
      // In the order of their time.
      fired: ['1 h', 'promise', '2 h'],
      intervals: 1,
      aborted: true,
    });
  });

  it('moves wall time alone: timers wait', async () => {
    const emulator = await serveClock();
    const before = await json<Clocks>(`${emulator.url}/start`);
    emulator.advanceClock(3 * HOUR, { monotonic: false });
    const after = await json<Clocks>(`${emulator.url}/read`);
    expect(Math.abs(after.now - before.now - 3 * HOUR)).toBeLessThan(SOON);
    expect(after.performance - before.performance).toBeLessThan(SOON);
    expect(after.hrtime - before.hrtime).toBeLessThan(SOON);
    expect(after).toMatchObject({ fired: [], intervals: 0, aborted: false });
  });

  it('adds up moves; a timer that is refreshed has its whole time again', async () => {
    const emulator = await serveClock();
    await json(`${emulator.url}/start`);
    emulator.advanceClock(5 * HOUR, { monotonic: true });
    expect((await json<Clocks>(`${emulator.url}/refresh`)).fired).toHaveLength(3);
    emulator.advanceClock(2 * HOUR, { monotonic: true });
    emulator.advanceClock(4 * HOUR, { monotonic: true });
    const { fired, now } = await json<Clocks>(`${emulator.url}/read`);
    // Of 10 h after the refresh 6 are over.
    expect(fired.slice(3)).toEqual(['10 h']);
    expect(Math.abs(now - Date.now() - 11 * HOUR)).toBeLessThan(SOON);
    emulator.advanceClock(5 * HOUR, { monotonic: true });
    expect((await json<Clocks>(`${emulator.url}/read`)).fired.slice(4)).toEqual(['refreshed']);
  });

  it('is that of environments started later, of events and of deadlines', async () => {
    const emulator = await serve({ clock: true });
    emulator.advanceClock(3 * HOUR, { monotonic: true });
    const event = await json<HttpEvent>(`${emulator.url}/event`);
    expect(Math.abs(event.requestContext.timeEpoch - Date.now() - 3 * HOUR)).toBeLessThan(SOON);
    const { remainingMs } = await json<{ remainingMs: number }>(`${emulator.url}/context`);
    expect(remainingMs).toBeGreaterThan(20_000);
    expect(remainingMs).toBeLessThanOrEqual(29_000);
  });

  it('is not there without the option', async () => {
    const emulator = await serve();
    expect(() => emulator.advanceClock(1, { monotonic: true })).toThrow('without the option `clock`');
  });
});
