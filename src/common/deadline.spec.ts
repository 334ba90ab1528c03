import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeadlineError, withDeadline } from './deadline.js';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('withDeadline', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /**
   * The result of a work that takes `ms` and has `limit` milliseconds: how it ended, when, and whether its signal was
   * aborted.
   */
  async function ending(limit: number, ms: number, end: () => unknown = () => 'done') {
    const started = performance.now();
    let told: AbortSignal | undefined;
    const ended = withDeadline('the oracle', limit, async (signal) => {
      told = signal;
      await sleep(ms);
      return end();
    })
      .catch((error: unknown) => error)
      .then((outcome) => ({ outcome, ms: performance.now() - started }));
    await jest.advanceTimersByTimeAsync(10_000);
    return { ...(await ended), aborted: told?.aborted };
  }

  it('gives what the work gives, and leaves it alone', async () => {
    expect(await ending(100, 99)).toEqual({ outcome: 'done', ms: 99, aborted: false });
  });

  it('throws what the work throws', async () => {
    const error = new Error('no');
    const outcome = await ending(100, 50, () => {
      throw error;
    });
    expect(outcome).toEqual({ outcome: error, ms: 50, aborted: false });
  });

  it('fails at the deadline, says what was asked, and tells the work to stop', async () => {
    const { outcome, ...rest } = await ending(100, 5000);
    expect(outcome).toBeInstanceOf(DeadlineError);
    expect(outcome).toMatchObject({
      name: 'DeadlineError',
      message: 'No answer from the oracle within 100 ms',
    });
    expect(rest).toEqual({ ms: 100, aborted: true });
  });

  it('says whole milliseconds', async () => {
    const { outcome } = await ending(99.6, 5000);
    expect(outcome).toMatchObject({ message: 'No answer from the oracle within 100 ms' });
  });

  it('fails where no time is left', async () => {
    const { outcome, ms } = await ending(0, 5000);
    expect(outcome).toMatchObject({ message: 'No answer from the oracle within 0 ms' });
    expect(ms).toBeLessThanOrEqual(1);
  });

  it('says that the time is over, and not that the work was told to stop', async () => {
    const outcome = withDeadline('the oracle', 100, (signal) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(100);
    expect(await outcome).toBeInstanceOf(DeadlineError);
  });

  it('lets nothing come of work that fails after the deadline', async () => {
    const { outcome } = await ending(100, 5000, () => {
      throw new Error('too late');
    });
    expect(outcome).toBeInstanceOf(DeadlineError);
  });

  it.each([
    ['ends in time', 10],
    ['ends too late', 200],
  ])('leaves no timer behind where the work %s', async (_case, ms) => {
    await ending(100, ms);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind where the work fails before it begins', async () => {
    const error = new Error('no');
    const failing = withDeadline('the oracle', 100, () => {
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('withDeadline, while this process does not listen', () => {
  /** Blocks the event loop. */
  function block(ms: number): void {
    for (const end = performance.now() + ms; performance.now() < end;) continue;
  }

  it('takes an answer that came meanwhile, however late the timer is', async () => {
    // The response is on its way. The blocked event loop reads it only long after the deadline.
    const server = createServer((socket) => void socket.end('answer', () => block(400))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const asked = withDeadline('the oracle', 100, async () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      return chunk.toString();
    });
    const outcome = await asked.catch((error: unknown) => error);
    server.close();
    expect(outcome).toBe('answer');
  });

  it('says that it is to blame where it did not listen for most of the time', async () => {
    const asked = withDeadline('the oracle', 300, () => new Promise<never>(() => undefined));
    setTimeout(() => block(400), 10);
    const error = await asked.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeadlineError);
    expect((error as DeadlineError).isOwnDoing(300)).toBe(true);
  });

  it('says so too where the transport gave up', async () => {
    const timeout = Object.assign(new Error('gave up'), { name: 'TimeoutError' });
    const asked = withDeadline('the oracle', 5000, async () => {
      await sleep(10);
      block(300);
      throw timeout;
    });
    const error = await asked.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'DeadlineError', cause: timeout });
    expect((error as DeadlineError).isOwnDoing(300)).toBe(true);
  });
});

describe('DeadlineError', () => {
  it.each([
    ['all of the time', 1000, 0, false],
    ['half of it', 500, 0, false],
    ['less than half of it', 499, 0, true],
    ['none', 0, 0, true],
    ['all of it, three quarters of which nobody listened', 1000, 750, false],
    ['all of it, most of which nobody listened', 1000, 751, true],
  ])('knows whether this process is to blame: granted %s', (_granted, grantedMs, blockedMs, isOwnDoing) => {
    expect(new DeadlineError('the oracle', grantedMs, blockedMs).isOwnDoing(1000)).toBe(isOwnDoing);
  });
});
