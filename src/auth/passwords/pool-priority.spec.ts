import { describe, expect, it } from '@jest/globals';
import { lowerPoolPriority } from './pool-priority.js';

describe('lowerPoolPriority', () => {
  const onLinux = process.platform === 'linux';
  // The default of libuv, which the tests use.
  const threads = 4;

  // With 0 nothing changes. The effect on a service is tested in test/faults.
  it(`reaches ${onLinux ? 'every thread of the pool' : 'no thread on this system'}`, async () => {
    await expect(lowerPoolPriority(threads, 0)).resolves.toBe(onLinux ? threads : 0);
  });

  it('ends where there are fewer threads than it was told', async () => {
    await expect(lowerPoolPriority(threads + 1, 0)).resolves.toBe(onLinux ? threads : 0);
  });
});
