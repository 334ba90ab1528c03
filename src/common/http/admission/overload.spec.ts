import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Request, Response } from 'express';
import { UnavailableError } from '../../errors/domain-errors.js';
import { type OverloadLimits, OverloadGuard } from './overload.js';

const NO_LIMITS: OverloadLimits = { maxLagMs: 0, maxInFlight: 0 };
const guards: OverloadGuard[] = [];

function guardWith(limits: Partial<OverloadLimits>): OverloadGuard {
  const guard = new OverloadGuard({ ...NO_LIMITS, ...limits });
  guards.push(guard);
  return guard;
}

/** Sends a request through the guard. */
function ask(guard: OverloadGuard, path = '/api/login') {
  const response = Object.assign(new EventEmitter(), { end: jest.fn() });
  const next = jest.fn<(error?: unknown) => void>();
  const socket = new EventEmitter();
  guard.middleware({ path, socket } as unknown as Request, response as unknown as Response, next);
  expect(next).toHaveBeenCalledTimes(1);
  const [error] = next.mock.calls[0] ?? [];
  return { error, served: error === undefined, end: () => void response.emit('close') };
}

/** Blocks the event loop. */
function block(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;) continue;
}

afterEach(() => {
  for (const guard of guards.splice(0)) guard.onApplicationShutdown();
});

describe('OverloadGuard, by requests at the same time', () => {
  let guard: OverloadGuard;

  beforeEach(() => {
    guard = guardWith({ maxInFlight: 2 });
  });

  it('serves as many as told, and refuses one more with 503 and a second of patience', () => {
    expect(ask(guard).served).toBe(true);
    expect(ask(guard).served).toBe(true);
    const { error } = ask(guard);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({ message: 'The service is busy', retryAfterSeconds: 1 });
  });

  it('serves the next one when one has ended, and counts its end once', () => {
    const first = ask(guard);
    ask(guard);
    first.end();
    first.end();
    expect(ask(guard).served).toBe(true);
    expect(ask(guard).served).toBe(false);
  });

  it('counts nobody who was refused', () => {
    const served = [ask(guard), ask(guard)];
    const refused = Array.from({ length: 100 }, () => ask(guard));
    expect(refused.every(({ error }) => error instanceof UnavailableError)).toBe(true);
    for (const { end } of [...refused, ...served]) end();
    expect(ask(guard).served).toBe(true);
    expect(ask(guard).served).toBe(true);
    expect(ask(guard).served).toBe(false);
  });

  it.each(['/api/health', '/api/health/live', '/api/health/ready'])('always serves %s', (path) => {
    ask(guard);
    ask(guard);
    expect(Array.from({ length: 10 }, () => ask(guard, path).served)).toEqual(Array(10).fill(true));
    expect(ask(guard).served).toBe(false);
  });

  it('does not count health, which would keep others out', () => {
    for (let i = 0; i < 10; i++) ask(guard, '/api/health/live');
    expect(ask(guard).served).toBe(true);
  });

  it.each(['/', '/api', '/api/user/audio-files', '/api/docs', '/health'])('counts %s', (path) => {
    ask(guard, path);
    ask(guard, path);
    expect(ask(guard, path).served).toBe(false);
  });

  it('serves any number where there is no limit', () => {
    const unlimited = guardWith({});
    expect(Array.from({ length: 10_000 }, () => ask(unlimited).served)).not.toContain(false);
  });
});

describe('OverloadGuard, by the delay of the event loop', () => {
  /** Blocks the event loop again and again, as under load. */
  async function beBusy(blockMs: number, forMs: number): Promise<void> {
    for (const end = performance.now() + forMs; performance.now() < end; await sleep(0)) block(blockMs);
  }

  it('refuses while the loop is late, but for health, and serves when it no longer is', async () => {
    const guard = guardWith({ maxLagMs: 40 });
    expect(ask(guard).served).toBe(true);
    await beBusy(150, 1000);
    expect(ask(guard).error).toBeInstanceOf(UnavailableError);
    expect(ask(guard, '/api/health/ready').served).toBe(true);
    let served = false;
    for (const end = performance.now() + 5000; !served && performance.now() < end; await sleep(20)) {
      served = ask(guard).served;
    }
    expect(served).toBe(true);
  });

  it('refuses after one long block', async () => {
    const guard = guardWith({ maxLagMs: 100 });
    // Wait for the first measurement, which is about the start.
    await sleep(300);
    block(1500);
    await sleep(1);
    // The measurement after the block.
    const deadline = performance.now() + 400;
    let refused = false;
    while (!refused && performance.now() < deadline) {
      refused = !ask(guard).served;
      await sleep(5);
    }
    expect(refused).toBe(true);
  });

  it('looks at no delay where there is no limit', async () => {
    const guard = guardWith({});
    await beBusy(150, 700);
    expect(ask(guard).served).toBe(true);
  });

  it('measures no more after the shutdown, so that the process can end', async () => {
    const guard = guardWith({ maxLagMs: 40 });
    guard.onApplicationShutdown();
    await beBusy(150, 700);
    expect(ask(guard).served).toBe(true);
  });
});
