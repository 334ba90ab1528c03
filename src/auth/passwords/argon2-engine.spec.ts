import { describe, expect, it, jest } from '@jest/globals';
import argon2 from 'argon2';
import type { Logger } from '../../common/logging/logger.js';
import { type Argon2Engine, engineChooser, loadFasterEngine, referenceEngine } from './argon2-engine.js';

const PARAMETERS = { memoryKib: 1024, timeCost: 2, parallelism: 1 };
const OLDER = { ...PARAMETERS, timeCost: 3, parallelism: 4 };
const PASSWORD = 'correct hörse battery';

const newLogger = () => ({ error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() });

/** The reference engine with another name and one fault. */
const faulty = (fault: Partial<Argon2Engine>): Argon2Engine => ({
  ...referenceEngine,
  name: 'faulty',
  ...fault,
});

function fasterOrNone(): Argon2Engine[] {
  try {
    return [loadFasterEngine()];
  } catch {
    return [];
  }
}

// Without the optional package, only the reference engine is tested.
const engines = [referenceEngine, ...fasterOrNone()];
const pairs = engines.flatMap((one) => engines.map((other) => [one.name, other.name, one, other] as const));

describe('engines of password hashes', () => {
  it.each(pairs)('a hash of %s verifies with %s', async (_one, _other, one, other) => {
    for (const parameters of [PARAMETERS, OLDER]) {
      const phc = await one.hash(PASSWORD, parameters);
      const { timeCost, parallelism } = parameters;
      expect(phc.startsWith(`$argon2id$v=19$m=1024,t=${timeCost},p=${parallelism}$`)).toBe(true);
      expect([await other.verify(phc, PASSWORD), await other.verify(phc, 'wrong')]).toEqual([true, false]);
    }
  });

  it.each(engines)('$name verifies other kinds, and throws at a damaged hash', async (engine) => {
    for (const type of [argon2.argon2i, argon2.argon2d] as const) {
      const phc = await argon2.hash(PASSWORD, { type, memoryCost: 1024, timeCost: 2, parallelism: 4 });
      expect([await engine.verify(phc, PASSWORD), await engine.verify(phc, 'wrong')]).toEqual([true, false]);
    }
    await expect(engine.verify('$argon2id$', PASSWORD)).rejects.toThrow();
  });
});

describe('the choice of an engine', () => {
  it('is the faster one where it works', async () => {
    const logger = newLogger();
    const faster = faulty({});
    await expect(engineChooser(() => faster)(logger as Logger)).resolves.toBe(faster);
    expect(logger.info.mock.calls).toEqual([[{ engine: 'faulty' }, 'password hashing uses this engine']]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('is @node-rs/argon2 where that is installed', async () => {
    if (engines.length === 1) {
      process.stderr.write('Not tested: @node-rs/argon2, which is optional, is not installed\n');
      return;
    }
    const logger = newLogger();
    await expect(engineChooser()(logger as Logger)).resolves.toMatchObject({ name: '@node-rs/argon2' });
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('is argon2, without a warning, where the faster one cannot be loaded', async () => {
    const logger = newLogger();
    const missing = () => {
      throw new Error('Cannot find native binding');
    };
    await expect(engineChooser(missing)(logger as Logger)).resolves.toBe(referenceEngine);
    expect(logger.info.mock.calls).toEqual([[{ engine: 'argon2' }, 'password hashing uses this engine']]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  const other = { memoryKib: 64, timeCost: 2, parallelism: 1 };
  const constant = referenceEngine.hash('pässword', { memoryKib: 64, timeCost: 1, parallelism: 1 });
  it.each<[string, Partial<Argon2Engine>]>([
    ['says yes to everything', { verify: () => Promise.resolve(true) }],
    ['says no to everything', { verify: () => Promise.resolve(false) }],
    [
      'knows own hashes only',
      { verify: async (phc, p) => phc.includes('m=64') && referenceEngine.verify(phc, p) },
    ],
    ['hashes something else', { hash: (password, given) => referenceEngine.hash(`${password}.`, given) }],
    ['has parameters of its own', { hash: (password) => referenceEngine.hash(password, other) }],
    ['has one salt', { hash: () => constant }],
    ['rejects', { hash: () => Promise.reject(new Error('Illegal instruction')) }],
    [
      'throws',
      {
        verify: () => {
          throw new TypeError('not a function');
        },
      },
    ],
  ])('is argon2, with a warning, where the faster one %s', async (_, fault) => {
    const logger = newLogger();
    await expect(engineChooser(() => faulty(fault))(logger as Logger)).resolves.toBe(referenceEngine);
    expect(logger.warn.mock.calls).toEqual([
      [
        { engine: 'faulty', err: expect.any(Error) },
        'a password hashing engine failed its self-test and is not used',
      ],
    ]);
  });

  it('is made once, also for many at the same time', async () => {
    const logger = newLogger();
    const load = jest.fn(() => faulty({}));
    const choose = engineChooser(load);
    const chosen = await Promise.all(Array.from({ length: 20 }, () => choose(logger as Logger)));
    expect(new Set([...chosen, await choose(logger as Logger)]).size).toBe(1);
    expect([load.mock.calls.length, logger.info.mock.calls.length]).toEqual([1, 1]);
  });
});
