import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/**
 * Finds the key that a token was signed with, the current one or a previous one, so that keys can be rotated without
 * ending every session.
 *
 * Keys are key objects: given a string, `jsonwebtoken` tries to parse a PEM public key from it for every request, which
 * takes longer than the rest of the verification.
 */
export class VerificationKeys {
  private readonly current: KeyObject;
  private readonly previous: readonly KeyObject[];

  constructor(current: string, previous: readonly string[]) {
    this.current = toKey(current);
    this.previous = previous.map(toKey);
  }

  /** The key to verify the token with. If none matches it is the current one, which then refuses the token. */
  keyFor(token: string): KeyObject {
    if (this.previous.length === 0 || isSignedWith(this.current, token)) return this.current;
    return this.previous.find((key) => isSignedWith(key, token)) ?? this.current;
  }
}

/** A token key in the form that costs `jsonwebtoken` no parsing. */
export function toKey(secret: string): KeyObject {
  return createSecretKey(secret, 'utf8');
}

function isSignedWith(key: KeyObject, token: string): boolean {
  const end = token.lastIndexOf('.');
  const expected = createHmac('sha256', key).update(token.slice(0, end)).digest();
  const actual = Buffer.from(token.slice(end + 1), 'base64url');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
