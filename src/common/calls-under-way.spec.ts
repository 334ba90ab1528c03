import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { allCallsEnded, beginCall } from './calls-under-way.js';

describe('allCallsEnded', () => {
  it('is true where nothing is under way', async () => {
    expect(await allCallsEnded(1000)).toBe(true);
  });

  it('waits for calls that follow one another', async () => {
    const done: string[] = [];
    const call = async (name: string) => {
      const ended = beginCall();
      await sleep(10);
      done.push(name);
      ended();
    };
    void call('first').then(() => call('second'));
    expect(await allCallsEnded(1000)).toBe(true);
    expect(done).toEqual(['first', 'second']);
  });

  it('waits no longer than it may', async () => {
    const ended = beginCall();
    const before = performance.now();
    expect(await allCallsEnded(30)).toBe(false);
    expect(performance.now() - before).toBeGreaterThan(25);
    ended();
    expect(await allCallsEnded(0)).toBe(true);
    await nextTurn();
  });
});
