import { describe, expect, it } from '@jest/globals';
import { VerifiedTokens } from './verified-tokens.js';

const ADA = { userId: 'ada', sessionId: undefined, issuedAt: 1 };
const EXPIRY = 1000;

describe('VerifiedTokens', () => {
  it('knows a token to the second before its expiry, and no other one', () => {
    const tokens = new VerifiedTokens();
    tokens.set('a.b.c', ADA, EXPIRY);
    expect(tokens.get('a.b.c', EXPIRY - 1)).toBe(ADA);
    expect(tokens.get('a.b.c', EXPIRY)).toBeUndefined();
    expect(tokens.get('a.x.c', 1)).toBeUndefined();
    expect(tokens.get('a.b', 1)).toBeUndefined();
  });

  it('forgets the one that was not used for the longest, beyond 5,000', () => {
    const tokens = new VerifiedTokens();
    for (let i = 0; i < 5000; i++) tokens.set(`token ${i}`, ADA, EXPIRY);
    expect(tokens.get('token 0', 1)).toBe(ADA);
    tokens.set('one more', ADA, EXPIRY);
    expect([0, 1].map((i) => tokens.get(`token ${i}`, 1))).toEqual([ADA, undefined]);
  });
});
