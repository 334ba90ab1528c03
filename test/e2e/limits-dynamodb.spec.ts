import { afterAll, describe, jest } from '@jest/globals';
import { beginWindow } from '../support/clock.js';
import { aroundLimitCalls } from '../support/database-calls.js';
import { expectSharedLimits } from '../support/shared-limits.js';

describe('limits with LIMIT_STORE=dynamodb', () => {
  afterAll(() => {
    jest.restoreAllMocks();
  });

  expectSharedLimits(() => {
    let state: 'there' | 'stopped' | 'hanging' = 'there';
    const become = (next: typeof state) => () => {
      state = next;
    };
    return Promise.resolve({
      environment: { LIMIT_STORE: 'dynamodb' },
      away: 'limits table is away; limits are counted by each instance, more tightly',
      back: 'limits table is back',
      isSlowUnderLoad: true,
      prepare: beginWindow,
      // The other tables serve all the time.
      attach: (app) =>
        aroundLimitCalls(app, ({ input }, send) => {
          if (state === 'there') return send(input);
          if (state === 'hanging') return new Promise(() => undefined);
          return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
        }),
      stop: become('stopped'),
      start: become('there'),
      pause: become('hanging'),
      resume: become('there'),
      close: () => Promise.resolve(),
    });
  });
});
