import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './environment-reader.js';
import { readConfig } from './read-config.js';

const SECRET_KEY = 'f1d2d2f924e986ac86fdf7b36c94bcdf';

const read = (cores: number, environment: Record<string, string> = {}) =>
  readConfig({ SECRET_KEY, ...environment }, cores);
const concurrency = (cores: number, environment: Record<string, string> = {}) =>
  read(cores, environment).passwords.concurrency;

/** The problems of an environment; none if it is accepted. */
function problems(cores: number, environment: Record<string, string>): readonly string[] {
  try {
    read(cores, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('the number of hashes at once', () => {
  it.each([
    [1, {}, 1],
    [2, {}, 2],
    [3, {}, 3],
    [16, {}, 3],
    [16, { UV_THREADPOOL_SIZE: '18' }, 16],
    [2, { UV_THREADPOOL_SIZE: '1' }, 1],
    [8, { WORKERS: '4' }, 2],
    [8, { WORKERS: '3' }, 2],
    [2, { WORKERS: '8' }, 1],
    [8, { WORKERS: 'auto' }, 1],
    [8, { WORKERS: '1', HASH_CONCURRENCY: '1' }, 1],
    [8, { WORKERS: '4', HASH_CONCURRENCY: '2' }, 2],
  ])(
    'is the cores by the workers, and leaves a thread free: %i cores, %j, %i',
    (cores, environment, expected) => {
      expect(concurrency(cores, environment)).toBe(expected);
      expect(read(cores, environment).warnings).toEqual([]);
    },
  );

  it.each([
    ['4', undefined, 'at most 3 where UV_THREADPOOL_SIZE is 4: one thread is for everything else'],
    ['8', '8', 'at most 7 where UV_THREADPOOL_SIZE is 8: one thread is for everything else'],
    ['2', '1', 'at most 1 where UV_THREADPOOL_SIZE is 1: one thread is for everything else'],
    ['2000', undefined, 'a whole number from 1 to 1024'],
  ])('may not take the thread of the resolver: %s of %s', (asked, pool, rule) => {
    const environment = { HASH_CONCURRENCY: asked, ...(pool && { UV_THREADPOOL_SIZE: pool }) };
    expect(problems(64, environment)).toEqual([`HASH_CONCURRENCY must be ${rule}`]);
  });

  it.each([
    [2, '1', '3', 2],
    [8, '4', '3', 2],
    [2, '2', '2', 1],
    [2, '4', '2', 1],
  ])(
    'is no more than %i cores compute for %s workers where %s is asked for, which is said',
    (cores, WORKERS, asked, share) => {
      const config = read(cores, { WORKERS, HASH_CONCURRENCY: asked });
      expect(config.passwords.concurrency).toBe(share);
      expect(config.warnings).toEqual([
        `HASH_CONCURRENCY is ${share} instead of ${asked}: ${WORKERS} × ${asked} hashes at once are more than ${cores} cores compute`,
      ]);
    },
  );
});

describe('the costliest hash that is expected', () => {
  it('is one of the older backend, or a new one where those cost more', () => {
    const expected = (environment: Record<string, string>) => read(2, environment).passwords.largestWork;
    expect(expected({})).toBe(196_608);
    expect(expected({ NODE_ENV: 'development' })).toBe(196_608);
    expect(expected({ ARGON2_MEMORY_KIB: '131072', ARGON2_TIME_COST: '4' })).toBe(524_288);
    expect(expected({ NODE_ENV: 'test', ARGON2_MEMORY_KIB: '1024', ARGON2_TIME_COST: '1' })).toBe(1024);
  });
});
