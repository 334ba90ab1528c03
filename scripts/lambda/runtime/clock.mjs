/**
 * Preloaded (`--import`) into an environment whose clock a test moves: makes `Date`, `performance.now()` and
 * `process.hrtime()` go by an offset, and lets timers come due.
 *
 * While an environment is frozen its wall clock goes on. Whether its monotonic clock does depends on how it was stopped, so
 * both are moved apart. Timers follow the monotonic one: those that became due fire once, at the thaw.
 */
import { createHook } from 'node:async_hooks';

const RealDate = Date;
const setTimer = setTimeout;
let wallMs = Number(process.env.EMULATOR_CLOCK_WALL_MS ?? 0);
let monotonicMs = 0;

const now = () => RealDate.now() + wallMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, values, self) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, self),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
RealDate.prototype.constructor = globalThis.Date;

const performanceNow = performance.now.bind(performance);
Object.defineProperty(performance, 'now', { value: () => performanceNow() + monotonicMs });

const { hrtime } = process;
const bigint = hrtime.bigint.bind(hrtime);
process.hrtime = Object.assign(
  (since) => {
    const ns = bigint() + BigInt(monotonicMs) * 1_000_000n;
    const past = since === undefined ? 0n : BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]);
    return [Number((ns - past) / 1_000_000_000n), Number((ns - past) % 1_000_000_000n)];
  },
  { bigint: () => bigint() + BigInt(monotonicMs) * 1_000_000n },
);

/** All timers that may be running, those of Node itself (sockets, `AbortSignal.timeout`) included. */
const timers = new Map();
createHook({
  init: (id, type, _trigger, timer) => {
    if (type === 'Timeout') timers.set(id, new WeakRef(timer));
  },
  destroy: (id) => timers.delete(id),
}).enable();

/** What was left of a timer when it was last started again here, and when that was. */
const shortened = new WeakMap();

/**
 * When a timer comes due, in the time of the event loop. `_idleStart` and `_idleTimeout` are those of the class `Timeout` in
 * Node 20 to 24. One that was started again by somebody else since has its own duration.
 */
function dueAt(timer) {
  const { start, leftMs } = shortened.get(timer) ?? {};
  return timer._idleStart + (start === timer._idleStart ? leftMs : timer._idleTimeout);
}

/** Starts a timer again with what is left of it. Its duration is put back, for who calls `refresh()` later. */
function shorten(timer, leftMs) {
  const duration = timer._idleTimeout;
  timer._idleTimeout = leftMs;
  timer.refresh();
  timer._idleTimeout = duration;
  shortened.set(timer, { start: timer._idleStart, leftMs });
}

/** In the order of their time, which is that in which those that came due fire. */
function runningTimers() {
  return [...timers.values()]
    .map((reference) => reference.deref())
    .filter((timer) => timer !== undefined && !timer._destroyed && timer._idleTimeout > 0)
    .sort((one, other) => dueAt(one) - dueAt(other));
}

globalThis[Symbol.for('lambda-emulator.clock')] = {
  /** Moves the clocks on; settled when the timers that came due have fired. */
  async advance(byWallMs, byMonotonicMs) {
    wallMs += byWallMs;
    monotonicMs += byMonotonicMs;
    if (byMonotonicMs === 0) return;
    const running = runningTimers();
    const { _idleStart: loopNow } = setTimer(() => undefined, 1);
    for (const timer of running) {
      shorten(timer, Math.max(1, Math.trunc(dueAt(timer) - loopNow - byMonotonicMs)));
    }
    await new Promise((resolve) => setTimer(resolve, 2));
  },
};
