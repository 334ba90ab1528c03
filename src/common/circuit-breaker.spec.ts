import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CircuitBreaker, CircuitOpenError } from './circuit-breaker.js';

const PAUSE_MS = 500;

class NoAnswer extends Error {}
class Refusal extends Error {}
/** An error that says nothing about the dependency. */
class OwnFault extends Error {}

/** A call that ends when the test ends it. */
function pending() {
  let answer: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((resolve, reject) => {
    answer = () => resolve('answer');
    fail = reject;
  });
  return { call: () => promise, answer, fail };
}

describe('CircuitBreaker', () => {
  let changes: { open: boolean; cause?: unknown }[];
  let breaker: CircuitBreaker;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = [];
    breaker = make(PAUSE_MS);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  function make(pauseMs: number): CircuitBreaker {
    return new CircuitBreaker({
      source: 'the database',
      pauseMs,
      isFailure: (error) => (error instanceof OwnFault ? undefined : error instanceof NoAnswer),
      onChange: (open, cause) => changes.push({ open, ...(cause !== undefined && { cause }) }),
    });
  }

  const answered = (of = breaker) => of.run(() => Promise.resolve('answer'));
  const refused = (of = breaker) => of.run(() => Promise.reject(new Refusal())).catch(() => undefined);
  async function fail(times: number, of = breaker): Promise<void> {
    for (let i = 0; i < times; i++) {
      await expect(of.run(() => Promise.reject(new NoAnswer(`${i + 1}`)))).rejects.toBeInstanceOf(NoAnswer);
    }
  }
  async function expectNotAsked(of = breaker): Promise<void> {
    const call = jest.fn<() => Promise<string>>();
    await expect(of.run(call)).rejects.toBeInstanceOf(CircuitOpenError);
    expect(call).not.toHaveBeenCalled();
  }

  it('gives the answer, and passes errors on as they are', async () => {
    await expect(answered()).resolves.toBe('answer');
    const error = new Refusal();
    await expect(breaker.run(() => Promise.reject(error))).rejects.toBe(error);
  });

  it('asks after four failures in a row, and not after five', async () => {
    await fail(4);
    expect(breaker.isOpen).toBe(false);
    expect(changes).toEqual([]);
    await fail(1);
    expect(breaker.isOpen).toBe(true);
    expect(changes).toEqual([{ open: true, cause: expect.objectContaining({ message: '1' }) }]);
    await expectNotAsked();
  });

  it.each([
    ['an answer', answered],
    ['an error that is an answer', refused],
  ])('counts from the beginning after %s', async (_what, work) => {
    await fail(4);
    await work();
    await fail(4);
    expect(breaker.isOpen).toBe(false);
  });

  it('makes nothing of an error that says nothing: it opens nothing, and takes no failure back', async () => {
    const fault = () => breaker.run(() => Promise.reject(new OwnFault())).catch(() => undefined);
    for (let i = 0; i < 20; i++) await fault();
    expect(breaker.isOpen).toBe(false);
    await fail(4);
    await fault();
    await fail(1);
    expect(breaker.isOpen).toBe(true);
    jest.advanceTimersByTime(PAUSE_MS);
    await fault();
    expect(breaker.isOpen).toBe(true);
    await answered();
    expect(breaker.isOpen).toBe(false);
  });

  it('counts failures of calls that throw before they wait', async () => {
    for (let i = 0; i < 5; i++) {
      const call = () => {
        throw new NoAnswer();
      };
      await expect(breaker.run(call)).rejects.toBeInstanceOf(NoAnswer);
    }
    await expectNotAsked();
  });

  it('asks again when the pause is over, and closes with the first answer', async () => {
    await fail(5);
    jest.advanceTimersByTime(PAUSE_MS - 1);
    await expectNotAsked();
    jest.advanceTimersByTime(1);
    await expect(answered()).resolves.toBe('answer');
    expect(breaker.isOpen).toBe(false);
    await Promise.all([answered(), answered(), answered()]);
    expect(changes.map(({ open }) => open)).toEqual([true, false]);
  });

  it('closes with an error that is an answer', async () => {
    await fail(5);
    jest.advanceTimersByTime(PAUSE_MS);
    await refused();
    expect(breaker.isOpen).toBe(false);
  });

  it('lets one call at a time find out, however long that takes', async () => {
    await fail(5);
    jest.advanceTimersByTime(PAUSE_MS);
    const probe = pending();
    const probing = breaker.run(probe.call);
    await expectNotAsked();
    jest.advanceTimersByTime(100 * PAUSE_MS);
    await expectNotAsked();
    probe.answer();
    await expect(probing).resolves.toBe('answer');
    await expect(answered()).resolves.toBe('answer');
  });

  it('pauses anew after a probe that fails, says nothing of it, and needs one answer only', async () => {
    await fail(5);
    jest.advanceTimersByTime(PAUSE_MS);
    for (let i = 0; i < 3; i++) {
      await fail(1);
      jest.advanceTimersByTime(PAUSE_MS - 1);
      await expectNotAsked();
      jest.advanceTimersByTime(1);
    }
    expect(changes).toHaveLength(1);
    await answered();
    expect(changes.map(({ open }) => open)).toEqual([true, false]);
  });

  it('closes when a call from before is answered late', async () => {
    const late = pending();
    const waiting = breaker.run(late.call);
    await fail(5);
    late.answer();
    await waiting;
    expect(breaker.isOpen).toBe(false);
    await expect(answered()).resolves.toBe('answer');
  });

  it('gives the turn of the probe to nobody else where a call from before ends meanwhile', async () => {
    const late = pending();
    const waiting = breaker.run(late.call);
    await fail(5);
    jest.advanceTimersByTime(PAUSE_MS);
    const probe = pending();
    const probing = breaker.run(probe.call);
    late.fail(new NoAnswer());
    await expect(waiting).rejects.toBeInstanceOf(NoAnswer);
    jest.advanceTimersByTime(PAUSE_MS);
    await expectNotAsked();
    probe.answer();
    await probing;
    expect(breaker.isOpen).toBe(false);
  });

  it('opens once, however many calls fail at the same moment', async () => {
    const calls = Array.from({ length: 50 }, pending);
    const running = calls.map(({ call }) => breaker.run(call).catch(() => 'failed'));
    for (const { fail } of calls) fail(new NoAnswer());
    await expect(Promise.all(running)).resolves.toEqual(Array(50).fill('failed'));
    expect(changes).toHaveLength(1);
    jest.advanceTimersByTime(PAUSE_MS);
    await expect(answered()).resolves.toBe('answer');
  });

  it('asks always where there is no pause', async () => {
    const always = make(0);
    await fail(20, always);
    await expect(answered(always)).resolves.toBe('answer');
    expect(always.isOpen).toBe(false);
    expect(changes).toEqual([]);
  });

  it('works without anybody who wants to be told', async () => {
    const quiet = new CircuitBreaker({ source: 'S3', pauseMs: PAUSE_MS, isFailure: () => true });
    await fail(5, quiet);
    await expect(quiet.run(() => Promise.resolve())).rejects.toThrow('Not asked: S3 did not answer lately');
    jest.advanceTimersByTime(PAUSE_MS);
    await expect(answered(quiet)).resolves.toBe('answer');
  });
});
