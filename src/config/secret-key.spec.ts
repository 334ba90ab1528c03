import { describe, expect, it } from '@jest/globals';
import { readConfig } from './read-config.js';
import { ConfigurationError } from './environment-reader.js';

const SECRET = 'f1d2d2f924e986ac86fdf7b36c94bcdf';

const EXAMPLES = [
  'change-me-change-me-change-me-change-me',
  'CHANGEME0123456789abcdefghijklmnopq',
  'your-secret-here-0123456789abcdefghij',
  'your-256-bit-secret-key-0123456789abc',
  'an example value that is long enough',
  'a'.repeat(64),
  '0123'.repeat(16),
];

/** The problems of an environment; none if it is accepted. */
function problems(environment: Record<string, string>): readonly string[] {
  try {
    readConfig({ SECRET_KEY: SECRET, ...environment });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('SECRET_KEY', () => {
  const short = 'SECRET_KEY must be set to at least 32 random bytes, e.g. from: openssl rand -hex 32';
  const example = 'SECRET_KEY must be random, not an example value, e.g. from: openssl rand -hex 32';

  it.each([[''], ['too-short'], [SECRET.slice(1)]])('may not be %j in any environment', (key) => {
    for (const NODE_ENV of ['production', 'development', 'test', '']) {
      expect(problems({ SECRET_KEY: key, NODE_ENV })).toEqual([short]);
    }
  });

  it('is measured in bytes', () => {
    expect(problems({ SECRET_KEY: 'äöüßàéîõñçøåæþðý' })).toEqual([]);
  });

  it.each(EXAMPLES)(
    'may not be the example %s in production, which is also what an unset NODE_ENV means',
    (key) => {
      expect(problems({ SECRET_KEY: key })).toEqual([example]);
      expect(problems({ SECRET_KEY: key, NODE_ENV: 'production' })).toEqual([example]);
      expect(problems({ SECRET_KEY: key, NODE_ENV: 'development' })).toEqual([]);
      expect(problems({ SECRET_KEY: key, NODE_ENV: 'test' })).toEqual([]);
    },
  );
});

describe('SECRET_KEY_PREVIOUS', () => {
  const rule =
    'SECRET_KEY_PREVIOUS must be keys of at least 32 bytes, separated by commas; as a JSON array where one contains a comma';
  const [older, oldest] = ['e242ed3bffccdf271b7fbaf34ed72d08', '6a7d5c2b9e1f4830a7c6d5e4f3b2a190'];
  const read = (value: string) =>
    readConfig({ SECRET_KEY: SECRET, SECRET_KEY_PREVIOUS: value }).previousSecretKeys;

  it('is a list of keys, or empty', () => {
    expect(read('')).toEqual([]);
    expect(read(older)).toEqual([older]);
    expect(read(`${older},${oldest}`)).toEqual([older, oldest, `${older},${oldest}`]);
  });

  it('takes a key with blanks around it both ways, since SECRET_KEY takes it with them', () => {
    expect(read(`${older}\n`)).toEqual([older, `${older}\n`]);
    expect(read(`${older}, ${oldest}`)).toEqual([older, oldest, ` ${oldest}`, `${older}, ${oldest}`]);
  });

  it.each([[','], [' , '], ['\n'], ['[]'], [' [ ]\n']])('takes no key from %j', (value) => {
    expect(read(value)).toEqual([]);
  });

  it('takes keys from a JSON array exactly as they are', () => {
    const keys = [` ${older},\n`, `["${oldest}`, older];
    expect(read(JSON.stringify(keys))).toEqual(keys);
    expect(read(` ${JSON.stringify(keys, null, 2)}\n`)).toEqual(keys);
  });

  it.each([[`["${older}"`], [`["${older}", 7]`], [`["${older}"],${oldest}`], [`[""]${older}`]])(
    'may not begin as a JSON array and be none: %j',
    (value) => {
      expect(problems({ SECRET_KEY_PREVIOUS: value })).toEqual([
        'SECRET_KEY_PREVIOUS must be a JSON array of strings where it begins as one',
      ]);
    },
  );

  it.each([
    ...[['short'], [older.slice(1)], [`${older},short`], [`${older.slice(1)},${oldest}`]],
    ...[[`["${older}",""]`], [`["${older.slice(1)}"]`]],
  ])('may not be %j, which has a key that is too short', (value) => {
    expect(problems({ SECRET_KEY_PREVIOUS: value })).toEqual([rule]);
  });

  it.each(EXAMPLES)('may not have the example %s in production, alone or among others', (key) => {
    const example =
      'SECRET_KEY_PREVIOUS must be random keys without an example value among them, separated by commas';
    for (const value of [key, `${older},${key}`, `${key}, ${older}`, JSON.stringify([older, key])]) {
      expect(problems({ SECRET_KEY_PREVIOUS: value })).toEqual([example]);
      expect(problems({ SECRET_KEY_PREVIOUS: value, NODE_ENV: 'production' })).toEqual([example]);
      expect(problems({ SECRET_KEY_PREVIOUS: value, NODE_ENV: 'development' })).toEqual([]);
      expect(problems({ SECRET_KEY_PREVIOUS: value, NODE_ENV: 'test' })).toEqual([]);
    }
  });
});
