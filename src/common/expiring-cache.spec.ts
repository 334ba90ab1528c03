import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { type Cached, ExpiringCache } from './expiring-cache.js';

interface Thing {
  readonly name: string;
}

/** A short lifetime, and a time after which it is over; seconds and milliseconds. */
const [SHORT, OVER_MS] = [0.05, 100];

const [first, second] = [{ name: 'first' }, { name: 'second' }];

/** A source whose loads end when the test ends them. */
function slowSource() {
  const pending: { resolve: (value: Cached<Thing>) => void; reject: (error: Error) => void }[] = [];
  const load = jest.fn(
    () => new Promise<Cached<Thing>>((resolve, reject) => void pending.push({ resolve, reject })),
  );
  return { load, pending };
}

describe('ExpiringCache', () => {
  it('knows nothing at first', () => {
    expect(new ExpiringCache<Thing>(30, 10).get('a')).toBeUndefined();
  });

  it.each([[first], [null]])('remembers %j', (value) => {
    const cache = new ExpiringCache<Thing>(30, 10);
    cache.set('a', value);
    expect(cache.get('a')).toBe(value);
    expect(cache.get('b')).toBeUndefined();
  });

  it.each([[first], [null]])('forgets %j after its lifetime, however often it was read', async (value) => {
    const cache = new ExpiringCache<Thing>(SHORT, 10);
    cache.set('a', value);
    for (let i = 0; i < 10; i++) {
      cache.get('a');
      await sleep(OVER_MS / 10);
    }
    expect(cache.get('a')).toBeUndefined();
  });

  it('forgets the least recently used where there are too many', () => {
    const cache = new ExpiringCache<Thing>(30, 2);
    cache.set('a', first);
    cache.set('b', first);
    cache.get('a');
    cache.set('c', first);
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([first, undefined, first]);
  });

  it('loads what it does not know, once in a lifetime', async () => {
    const cache = new ExpiringCache<Thing>(30, 10);
    const load = jest.fn(() => Promise.resolve<Cached<Thing>>(first));
    for (let i = 0; i < 3; i++) expect(await cache.getOrLoad('a', load)).toBe(first);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('loads again after a lifetime', async () => {
    const cache = new ExpiringCache<Thing>(SHORT, 10);
    const load = jest.fn(() => Promise.resolve<Cached<Thing>>(first));
    await cache.getOrLoad('a', load);
    await sleep(OVER_MS);
    await cache.getOrLoad('a', load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('remembers that there is no such thing', async () => {
    const cache = new ExpiringCache<Thing>(30, 10);
    const load = jest.fn(() => Promise.resolve<Cached<Thing>>(null));
    for (let i = 0; i < 3; i++) expect(await cache.getOrLoad('a', load)).toBeNull();
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('loads a key once however many ask at the same time, and each key on its own', async () => {
    const cache = new ExpiringCache<Thing>(30, 10);
    const { load, pending } = slowSource();
    const [a1, a2, b] = ['a', 'a', 'b'].map((key) => cache.getOrLoad(key, load));
    expect(load).toHaveBeenCalledTimes(2);
    pending[0]?.resolve(first);
    pending[1]?.resolve(second);
    expect(await Promise.all([a1, a2, b])).toEqual([first, first, second]);
  });

  it.each([[second], [null]])(
    'lets %j, put in during a load, win over what the load brings',
    async (value) => {
      const cache = new ExpiringCache<Thing>(30, 10);
      const { load, pending } = slowSource();
      const loaded = cache.getOrLoad('a', load);
      cache.set('a', value);
      pending[0]?.resolve(first);
      expect(await loaded).toBe(value);
      expect(cache.get('a')).toBe(value);
    },
  );

  it('gives an error to all who wait, remembers none, and loads again', async () => {
    const cache = new ExpiringCache<Thing>(30, 10);
    const { load, pending } = slowSource();
    const waiting = [cache.getOrLoad('a', load), cache.getOrLoad('a', load)];
    const outcomes = Promise.allSettled(waiting);
    const reason = new Error('away');
    pending[0]?.reject(reason);
    expect(await outcomes).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    expect(cache.get('a')).toBeUndefined();
    const again = cache.getOrLoad('a', load);
    pending[1]?.resolve(first);
    expect(await again).toBe(first);
  });

  it('remembers nothing with a lifetime of 0, and asks for each caller', async () => {
    const cache = new ExpiringCache<Thing>(0, 10);
    cache.set('a', second);
    expect(cache.get('a')).toBeUndefined();
    const { load, pending } = slowSource();
    const asked = [cache.getOrLoad('a', load), cache.getOrLoad('a', load)];
    expect(load).toHaveBeenCalledTimes(2);
    pending[0]?.resolve(first);
    pending[1]?.resolve(null);
    expect(await Promise.all(asked)).toEqual([first, null]);
  });
});
