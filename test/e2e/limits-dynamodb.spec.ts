import { afterAll, describe, jest } from '@jest/globals';
import { type Behaviour, startDatabaseStub } from '../support/database-stub.js';
import { beginWindow } from '../support/clock.js';
import { expectSharedLimits } from '../support/shared-limits.js';

describe('limits with LIMIT_STORE=dynamodb', () => {
  afterAll(() => {
    jest.restoreAllMocks();
  });

  expectSharedLimits(async () => {
    const database = await startDatabaseStub();
    /** The other tables serve all the time. */
    const limits = (behaviour: Behaviour) => () =>
      database.behave(({ input }) =>
        JSON.stringify(input).includes('panzoto-limits') ? behaviour : 'forward',
      );
    return {
      environment: { LIMIT_STORE: 'dynamodb', DYNAMODB_ENDPOINT: database.endpoint },
      away: 'limits table is away; limits are counted by each instance, more tightly',
      back: 'limits table is back',
      isSlowUnderLoad: true,
      prepare: beginWindow,
      stop: limits('cut'),
      start: limits('forward'),
      pause: limits('silence'),
      resume: limits('forward'),
      close: () => database.close(),
    };
  });
});
