import { describe, expect, it } from '@jest/globals';
import { isAccessToken } from './token-payload.js';

const NOW = 1_758_762_381;
const older = { user_id: '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11', iat: NOW - 10, exp: NOW + 1000 };

describe('isAccessToken', () => {
  it.each([
    ['the claims of the older backend', older],
    ['the claims of this one', { ...older, sub: older.user_id, jti: 'c1b7d0c2' }],
    ['a token issued 60 s in the future', { ...older, iat: NOW + 60 }],
    ['a token first valid 60 s in the future', { ...older, nbf: NOW + 60 }],
    ['a user id of 2048 bytes', { ...older, user_id: 'é'.repeat(1024) }],
    ['claims it does not know', { ...older, email: 'ada@example.com' }],
  ])('accepts %s', (_case, claims) => {
    expect(isAccessToken(claims, NOW)).toBe(true);
  });

  it.each([
    ['no expiry', { ...older, exp: undefined }],
    ['an expiry that is no number', { ...older, exp: String(older.exp) }],
    ['no time of issue', { ...older, iat: undefined }],
    ['a time of issue that is no number', { ...older, iat: String(older.iat) }],
    ['a time of issue that is not a number', { ...older, iat: Number.NaN }],
    ['an expiry that is never', { ...older, exp: Infinity }],
    ['a time of issue before all time', { ...older, iat: -Infinity }],
    ['an expiry with a fraction', { ...older, exp: older.exp + 0.5 }],
    ['half of a surrogate pair as user id', { ...older, user_id: '\ud800' }],
    ['a token issued 61 s in the future', { ...older, iat: NOW + 61 }],
    ['a token first valid 61 s in the future', { ...older, nbf: NOW + 61 }],
    ['a first validity that is no number', { ...older, nbf: 'soon' }],
    ['no user id', { ...older, user_id: undefined, sub: older.user_id }],
    ['an empty user id', { ...older, user_id: '' }],
    ['a user id of 2049 bytes', { ...older, user_id: `${'é'.repeat(1024)}e` }],
    ['the key of an email claim as user id', { ...older, user_id: 'email#ada@example.com' }],
    ['a number as user id', { ...older, user_id: 7 }],
    ['a list as user id', { ...older, user_id: [older.user_id] }],
    ['an object as user id', { ...older, user_id: { S: older.user_id } }],
    ['null as claims', null],
    ['a text as claims', 'claims'],
    ['no claims', undefined],
  ])('refuses %s', (_case, claims) => {
    expect(isAccessToken(claims, NOW)).toBe(false);
  });
});
