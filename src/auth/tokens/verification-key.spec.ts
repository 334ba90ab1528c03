import { describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { toKey, VerificationKeys } from './verification-key.js';

const [CURRENT, OLDER, OLDEST, STRANGER] = [
  'f1d2d2f924e986ac86fdf7b36c94bcdf',
  'e242ed3bffccdf271b7fbaf34ed72d08',
  'kéy with ünïcode, long enough 🔑',
  '6a7d5c2b9e1f4830a7c6d5e4f3b2a190',
] as const;

const signedWith = (key: string, algorithm: 'HS256' | 'HS512' = 'HS256') =>
  jwt.sign({ user_id: 'ada' }, toKey(key), { algorithm, expiresIn: '1h' });

/** Name of the key that was found. */
function found(keys: VerificationKeys, token: string): string {
  return keys.keyFor(token).export().toString();
}

describe('VerificationKeys', () => {
  const keys = new VerificationKeys(CURRENT, [OLDER, OLDEST]);

  it.each([CURRENT, OLDER, OLDEST])('finds the key that a token was signed with: %s', (key) => {
    expect(found(keys, signedWith(key))).toBe(key);
    expect(
      jwt.verify(signedWith(key), keys.keyFor(signedWith(key)), { algorithms: ['HS256'] }),
    ).toMatchObject({
      user_id: 'ada',
    });
  });

  it('gives the current key for a token of a stranger, which it then refuses', () => {
    const token = signedWith(STRANGER);
    expect(found(keys, token)).toBe(CURRENT);
    expect(() => jwt.verify(token, keys.keyFor(token))).toThrow('invalid signature');
  });

  it('gives the only key for every token where there are no others', () => {
    const only = new VerificationKeys(CURRENT, []);
    for (const key of [CURRENT, OLDER, STRANGER]) expect(found(only, signedWith(key))).toBe(CURRENT);
  });

  it.each([
    ['nothing', ''],
    ['dots', '..'],
    ['no dot', 'nonsense'],
    ['an empty signature', signedWith(OLDER).replace(/[^.]+$/, '')],
    ['a shorter signature', signedWith(OLDER).slice(0, -2)],
    ['a longer signature', `${signedWith(OLDER)}AAAA`],
    ['claims that were changed', signedWith(OLDER).replace(/\.\w/, '.x')],
    ['a signature by another hash', signedWith(OLDER, 'HS512')],
  ])('gives the current key for %s', (_case, token) => {
    expect(found(keys, token)).toBe(CURRENT);
  });
});
