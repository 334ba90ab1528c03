import { afterEach, describe, expect, it, jest } from '@jest/globals';
import argon2 from 'argon2';
import { createLogger } from '../../common/logging/logger.js';
import { readConfig } from '../../config/read-config.js';
import { chooseEngine } from './argon2-engine.js';
import { PasswordHasher } from './password-hasher.js';

const SECRET_KEY = 'f1d2d2f924e986ac86fdf7b36c94bcdf';
const CHEAP = { ARGON2_MEMORY_KIB: '2048', ARGON2_TIME_COST: '1' };
/** Like the older backend's hashes: expensive compared with new ones, and quick enough for a test. */
const COSTLY = { memoryCost: 32_768, timeCost: 3, parallelism: 1 };
const ROUNDS = 8;

const config = readConfig({ SECRET_KEY, NODE_ENV: 'test', HASH_MAX_WAIT_MS: '60000', ...CHEAP }, 1);

function newHasher(largestWork: number): PasswordHasher {
  const passwords = { ...config.passwords, largestWork, concurrency: 1 };
  return new PasswordHasher({ ...config, passwords }, createLogger('silent'));
}

describe('PasswordHasher', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('computes as many hashes at once as told, also in a flood that is the first thing after a start', async () => {
    let [running, most] = [0, 0];
    const counted =
      <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
      async (...given: Given): Promise<Result> => {
        most = Math.max(most, ++running);
        return work(...given).finally(() => running--);
      };
    const engine = await chooseEngine(createLogger('silent'));
    const real = { hash: engine.hash, verify: engine.verify };
    const hash = jest.spyOn(engine, 'hash').mockImplementation(counted(real.hash));
    const verify = jest.spyOn(engine, 'verify').mockImplementation(counted(real.verify));
    const hasher = newHasher(0);

    const answers = await Promise.all(Array.from({ length: 20 }, () => hasher.verify(undefined, 'a guess')));

    expect(answers).toEqual(Array<boolean>(20).fill(false));
    expect(most).toBe(1);
    // Three are for the estimate.
    expect([hash.mock.calls.length, verify.mock.calls.length]).toEqual([3, 20]);
  });

  it('checks an unknown email against a hash with the parameters of new ones, another one in each process', async () => {
    const verify = jest.spyOn(await chooseEngine(createLogger('silent')), 'verify');
    for (let i = 0; i < 2; i++) await newHasher(0).verify(undefined, 'a guess');

    const [one, other] = verify.mock.calls.map(([phc]) => phc);
    const made = await newHasher(0).hash('a password');
    const shape = (phc: string | undefined) => phc?.replace(/[^$]/g, (c, at: number) => (at < 28 ? c : 'x'));
    expect(shape(one)).toBe(shape(made));
    expect(shape(other)).toBe(shape(made));
    expect(one).not.toBe(other);
  });

  it('answers the first failure after a start in the same time whatever was checked', async () => {
    const costly = await argon2.hash('a password', COSTLY);
    const largestWork = COSTLY.memoryCost * COSTLY.timeCost;
    const first = async (phc: string | undefined) => {
      const hasher = newHasher(largestWork);
      const started = performance.now();
      expect(await hasher.verify(phc, 'a guess')).toBe(false);
      return performance.now() - started;
    };
    const [unknownEmail, costlyHash]: [number[], number[]] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      unknownEmail.push(await first(undefined));
      costlyHash.push(await first(costly));
    }

    // If all durations of one kind exceeded all of the other, the response time would distinguish them.
    expect(Math.min(...costlyHash)).toBeLessThan(Math.max(...unknownEmail));
    expect(Math.min(...unknownEmail)).toBeLessThan(Math.max(...costlyHash));
  });
});
