import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CallSlots } from './call-slots.js';

describe('CallSlots', () => {
  let slots: CallSlots;
  let begun: string[];
  let end: Map<string, () => void>;

  beforeEach(() => {
    jest.useFakeTimers();
    slots = new CallSlots('the oracle', 2);
    begun = [];
    end = new Map();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** Makes a call that runs until the test ends it. Returns its error, if any. */
  const call = (name: string, milliseconds = 1000) =>
    slots
      .run(milliseconds, (left) => {
        begun.push(`${name}:${left}`);
        return new Promise<void>((resolve) => end.set(name, resolve));
      })
      .catch((error: unknown) => error);

  it('makes as many calls at once as told, and the others in their order, with what is left of their time', async () => {
    void call('a');
    void call('b');
    void call('c');
    void call('d');
    expect(begun).toEqual(['a:1000', 'b:1000']);
    jest.advanceTimersByTime(300);
    end.get('b')?.();
    await jest.advanceTimersByTimeAsync(0);
    expect(begun).toEqual(['a:1000', 'b:1000', 'c:700']);
    end.get('c')?.();
    end.get('a')?.();
    await jest.advanceTimersByTimeAsync(0);
    expect(begun.at(-1)).toBe('d:700');
    void call('e');
    expect(begun.at(-1)).toBe('e:1000');
  });

  it('makes no call whose turn does not come in time, and leaves no timer behind', async () => {
    void call('a');
    void call('b');
    const late = call('c', 100);
    await jest.advanceTimersByTimeAsync(100);
    expect(await late).toMatchObject({
      name: 'DeadlineError',
      message: 'No answer from the oracle within 100 ms',
    });
    end.get('a')?.();
    await jest.advanceTimersByTimeAsync(0);
    void call('d');
    expect(begun).toEqual(['a:1000', 'b:1000', 'd:1000']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives the slot of a call that fails to the next', async () => {
    const error = new Error('no');
    for (let i = 0; i < 3; i++) await expect(slots.run(10, () => Promise.reject(error))).rejects.toBe(error);
    void call('a');
    void call('b');
    expect(begun).toHaveLength(2);
  });
});
