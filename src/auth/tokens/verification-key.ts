import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/**
 * Finds the key that a token was signed with, so that keys can be changed without ending every session: the current
 * one, or else one of those before it.
 *
 * Keys are key objects: with a string, `jsonwebtoken` tries to read a PEM public key out of it for every request,
 * which takes longer than all the rest of the verification.
 */
export class VerificationKeys {
  private readonly current: KeyObject;
  private readonly previous: readonly KeyObject[];

  constructor(current: string, previous: readonly string[]) {
    this.current = toKey(current);
    this.previous = previous.map(toKey);
  }

  /** The key to verify the token with; the current one where none fits, so that the token is refused by it. */
  keyFor(token: string): KeyObject {
    if (this.previous.length === 0 || isSignedWith(this.current, token)) return this.current;
    return this.previous.find((key) => isSignedWith(key, token)) ?? this.current;
  }
}

/** A token key as `jsonwebtoken` takes it at no cost. */
export function toKey(secret: string): KeyObject {
  return createSecretKey(secret, 'utf8');
}

function isSignedWith(key: KeyObject, token: string): boolean {
  const end = token.lastIndexOf('.');
  const expected = createHmac('sha256', key).update(token.slice(0, end)).digest();
  const actual = Buffer.from(token.slice(end + 1), 'base64url');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
