import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { forEachAtMost, Semaphore } from './concurrency.js';

/** Work that counts how many of its runs are concurrent. */
function counted() {
  const seen = { most: 0, running: 0, begun: [] as number[] };
  return {
    seen,
    work: async (item: number) => {
      seen.begun.push(item);
      seen.most = Math.max(seen.most, ++seen.running);
      await nextTurn();
      seen.running--;
      if (item < 0) throw new Error(`failed ${item}`);
    },
  };
}

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('Semaphore', () => {
  it('lets no more under way than it may, in order, also after failures', async () => {
    const { seen, work } = counted();
    const semaphore = new Semaphore(3);
    const items = range(20).map((n) => (n % 4 === 0 ? -n - 1 : n));
    const ends = await Promise.allSettled(items.map((item) => semaphore.run(() => work(item))));
    expect(ends.map(({ status }) => status)).toEqual(
      items.map((item) => (item < 0 ? 'rejected' : 'fulfilled')),
    );
    expect(seen).toEqual({ most: 3, running: 0, begun: items });
    expect(await semaphore.run(() => Promise.resolve('free again'))).toBe('free again');
  });
});

describe('forEachAtMost', () => {
  it('does everything, so much of it at a time', async () => {
    const { seen, work } = counted();
    await forEachAtMost(4, range(19), work);
    expect(seen).toEqual({ most: 4, running: 0, begun: range(19) });
    await forEachAtMost(4, [], work);
  });

  it('begins no more after a failure, and waits for what is under way', async () => {
    const { seen, work } = counted();
    await expect(forEachAtMost(2, [0, 1, -2, 3, 4, 5, 6, 7], work)).rejects.toThrow('failed -2');
    expect(seen.running).toBe(0);
    expect(seen.begun).not.toContain(7);
  });
});
