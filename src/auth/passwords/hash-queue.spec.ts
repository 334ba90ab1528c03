import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { UnavailableError } from '../../common/errors/domain-errors.js';
import { HashQueue } from './hash-queue.js';

/** Work that ends when the test ends it, and a record of which work has begun. */
function workbench(queue: HashQueue) {
  const begun: number[] = [];
  const pieces: { end: () => void; fail: (error: Error) => void; done: Promise<number> }[] = [];
  return {
    begun,
    pieces,
    add: (count: number): void => {
      for (let i = 0; i < count; i++) {
        const number = pieces.length;
        const { promise, resolve, reject } = withResolvers();
        const done = queue.run(() => {
          begun.push(number);
          return promise.then(() => number);
        });
        // Tests that need the error await it themselves.
        done.catch(() => undefined);
        pieces.push({ end: resolve, fail: reject, done });
      }
    },
  };
}

function withResolvers() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Runs everything that waits only for its turn in the event loop. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('HashQueue', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('gives the result of the work', async () => {
    await expect(new HashQueue(1, 1000).run(() => Promise.resolve('hash'))).resolves.toBe('hash');
  });

  it('runs as many pieces at once as told, and the others in the order they came', async () => {
    const queue = new HashQueue(2, 10_000);
    const { begun, pieces, add } = workbench(queue);
    add(5);
    await settle();
    expect(begun).toEqual([0, 1]);
    expect(queue.depth).toBe(3);
    pieces[1]?.end();
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    pieces[0]?.end();
    pieces[2]?.end();
    await settle();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    expect(queue.depth).toBe(0);
    pieces[3]?.end();
    pieces[4]?.end();
    await expect(Promise.all(pieces.map(({ done }) => done))).resolves.toEqual([0, 1, 2, 3, 4]);
  });

  it('lets nobody who comes later overtake one who waits', async () => {
    const { begun, pieces, add } = workbench(new HashQueue(1, 10_000));
    add(2);
    await settle();
    pieces[0]?.end();
    await pieces[0]?.done;
    add(1);
    await settle();
    expect(begun).toEqual([0, 1]);
  });

  it('gives the place of failed work to the next one, and passes the failure on', async () => {
    const queue = new HashQueue(1, 10_000);
    const { begun, pieces, add } = workbench(queue);
    add(2);
    pieces[0]?.fail(new Error('out of memory'));
    await expect(pieces[0]?.done).rejects.toThrow('out of memory');
    await settle();
    expect(begun).toEqual([0, 1]);
    pieces[1]?.end();
    await pieces[1]?.done;
    await expect(queue.run(() => Promise.resolve('free again'))).resolves.toBe('free again');
  });

  it('gives the place back when work fails before it has begun to wait', async () => {
    const queue = new HashQueue(1, 0);
    const broken = () => {
      throw new Error('no such parameters');
    };
    await expect(queue.run(broken)).rejects.toThrow('no such parameters');
    await expect(queue.run(() => Promise.resolve('free again'))).resolves.toBe('free again');
  });

  it('refuses at once who would wait too long, and says when to come back', async () => {
    // The estimate before the first measurement is 50 ms: 2,000 hashes are 100 s of waiting.
    const queue = new HashQueue(1, 100_000);
    const { pieces, add } = workbench(queue);
    add(2001);
    expect(queue.depth).toBe(2000);
    const work = jest.fn<() => Promise<void>>();
    const refusal = await queue.run(work).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UnavailableError);
    expect(refusal).toMatchObject({ message: 'Too many sign-ins at the moment', retryAfterSeconds: 101 });
    expect(work).not.toHaveBeenCalled();
    expect(queue.depth).toBe(2000);
    pieces.forEach(({ end }) => end());
    await Promise.all(pieces.map(({ done }) => done));
    await expect(queue.run(() => Promise.resolve('served'))).resolves.toBe('served');
  });

  it('admits only as many as it can serve in time, though none of them has come yet', async () => {
    // Two concurrent hashes of 50 ms each: the last of 42 waits for a second.
    const queue = new HashQueue(2, 1000);
    const ends: (() => void)[] = [];
    const admitted = Array.from({ length: 42 }, () =>
      queue.admit(() => new Promise<void>((resolve) => ends.push(resolve))),
    );
    const work = jest.fn(() => Promise.resolve());
    await expect(queue.admit(work)).rejects.toBeInstanceOf(UnavailableError);
    expect(() => queue.assertCapacity()).toThrow(UnavailableError);
    expect(work).not.toHaveBeenCalled();
    ends[0]?.();
    await admitted[0];
    await queue.admit(work);
    expect(work).toHaveBeenCalledTimes(1);
    // An admitted request has a slot.
    await expect(queue.run(() => Promise.resolve('served'))).resolves.toBe('served');
    for (const end of ends) end();
    await Promise.all(admitted);
    expect(() => queue.assertCapacity()).not.toThrow();
  });

  it('gives the place of admitted work back where it fails', async () => {
    const queue = new HashQueue(1, 0);
    const lost = () => Promise.reject(new Error('no answer'));
    await expect(queue.admit(lost)).rejects.toThrow('no answer');
    await expect(queue.admit(() => queue.run(() => Promise.resolve('served')))).resolves.toBe('served');
  });

  it('admits nobody where those who wait are too many already', async () => {
    const queue = new HashQueue(1, 1000);
    const { pieces, add } = workbench(queue);
    add(21);
    await expect(queue.admit(() => Promise.resolve())).rejects.toMatchObject({ retryAfterSeconds: 2 });
    pieces.forEach(({ end }) => end());
  });

  it('asks for at least one second of patience', async () => {
    const queue = new HashQueue(1, 0);
    const { pieces, add } = workbench(queue);
    add(1);
    await expect(queue.run(() => Promise.resolve())).rejects.toMatchObject({ retryAfterSeconds: 1 });
    pieces[0]?.end();
  });

  it('learns from slow work to refuse sooner', async () => {
    jest.useFakeTimers();
    const queue = new HashQueue(1, 400);
    for (let i = 0; i < 20; i++) {
      const slow = queue.run(() => new Promise((resolve) => setTimeout(resolve, 500)));
      await jest.advanceTimersByTimeAsync(500);
      await slow;
    }
    const { add, pieces } = workbench(queue);
    add(1);
    await expect(queue.run(() => Promise.resolve())).rejects.toBeInstanceOf(UnavailableError);
    pieces[0]?.end();
  });
});
