import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Logger } from './logger.js';
import { ThrottledLog } from './throttled-log.js';

describe('ThrottledLog', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('writes the first warning of a kind at once, and then one a second with how many there were', () => {
    const warn = jest.fn();
    const log = new ThrottledLog({ warn } as unknown as Logger);
    log.warn('full');
    expect(warn.mock.calls).toEqual([[{ times: 1 }, 'full']]);
    for (let i = 0; i < 9; i++) {
      jest.advanceTimersByTime(100);
      log.warn('full');
    }
    log.warn('busy');
    expect(warn.mock.calls.slice(1)).toEqual([[{ times: 1 }, 'busy']]);
    jest.advanceTimersByTime(100);
    log.warn('full');
    expect(warn.mock.calls.slice(2)).toEqual([[{ times: 10 }, 'full']]);
  });
});
