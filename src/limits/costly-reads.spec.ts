import { describe, expect, it } from '@jest/globals';
import { TooManyRequestsError, UnavailableError } from '../common/errors/domain-errors.js';
import type { AppConfig } from '../config/config.js';
import { CostlyReads } from './costly-reads.js';

function reads(maxCostlyReads: number, maxCostlyReadsOfUser: number): CostlyReads {
  return new CostlyReads({ overload: { maxCostlyReads, maxCostlyReadsOfUser } } as unknown as AppConfig);
}

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('CostlyReads', () => {
  it('gives each user a few places, and tells one who wants more by which rule', () => {
    const costly = reads(100, 2);
    const end = costly.begin('ada');
    costly.begin('ada');
    const error = thrown(() => costly.begin('ada'));
    expect(error).toBeInstanceOf(TooManyRequestsError);
    expect(error).toMatchObject({
      limit: {
        ...{ policy: 'costly-reads-at-once', quota: 2, windowSeconds: 1 },
        ...{ consumed: 3, remaining: 0, resetSeconds: 1 },
      },
    });
    costly.begin('bob');
    end();
    costly.begin('ada');
    expect(thrown(() => costly.begin('ada'))).toBeInstanceOf(TooManyRequestsError);
  });

  it('gives so many places in all', () => {
    const costly = reads(2, 2);
    const end = costly.begin('ada');
    costly.begin('bob');
    expect(thrown(() => costly.begin('eve'))).toEqual(new UnavailableError('The service is busy', 1));
    end();
    costly.begin('eve');
  });

  it('has no bound where there is none', () => {
    const costly = reads(0, 0);
    for (let i = 0; i < 1000; i++) costly.begin('ada');
  });
});
