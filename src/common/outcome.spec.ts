import { describe, expect, it } from '@jest/globals';
import { AccessDeniedError, NotFoundError, UnavailableError } from './errors/domain-errors.js';
import { isSuccess, outcomeOf } from './outcome.js';

describe('outcomeOf', () => {
  it('gives what the work gives', async () => {
    expect(await outcomeOf(() => Promise.resolve('done'))).toBe('done');
    expect(await outcomeOf(() => Promise.resolve(undefined))).toBeUndefined();
  });

  it.each([new NotFoundError('Not there'), new AccessDeniedError(), new UnavailableError('Not now', 1)])(
    'gives the domain error that the work ends with: %s',
    async (error) => {
      expect(await outcomeOf(() => Promise.reject(error))).toBe(error);
    },
  );

  it('gives a domain error that is thrown before there is a promise', async () => {
    const error = new AccessDeniedError();
    const work = (): Promise<never> => {
      throw error;
    };
    expect(await outcomeOf(work)).toBe(error);
  });

  it('throws a defect on', async () => {
    const defect = new TypeError('a defect');
    await expect(outcomeOf(() => Promise.reject(defect))).rejects.toBe(defect);
  });
});

describe('isSuccess', () => {
  it.each([['done'], [0], [null], [{}], [new Error('a value that is an error, and none of the domain')]])(
    'holds for %p',
    (outcome) => {
      expect(isSuccess(outcome)).toBe(true);
    },
  );

  it.each([[undefined], [new AccessDeniedError()], [new UnavailableError('Not now', 1)]])(
    'does not hold for %p',
    (outcome) => {
      expect(isSuccess(outcome)).toBe(false);
    },
  );

  it('leaves what went well of a list', () => {
    const outcomes = ['a', new AccessDeniedError(), undefined, 'b'];
    expect(outcomes.filter((outcome) => isSuccess<string>(outcome))).toEqual(['a', 'b']);
  });
});
