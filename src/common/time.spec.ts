import { describe, expect, it } from '@jest/globals';
import { nowSeconds, parseInstant, toIso } from './time.js';

describe('toIso', () => {
  it.each([
    [1_758_762_381, '2025-09-25T01:06:21Z'],
    [1_758_762_381.999_999, '2025-09-25T01:06:21Z'],
    [0, '1970-01-01T00:00:00Z'],
    [-0.5, '1969-12-31T23:59:59Z'],
    [253_402_300_799, '9999-12-31T23:59:59Z'],
  ])('writes %d as %s', (seconds, text) => {
    expect(toIso(seconds)).toBe(text);
  });

  it('writes each of more days than it remembers', () => {
    const days = Array.from({ length: 2500 }, (_, n) => n * 86_400 + 5);
    for (const seconds of [...days, ...days])
      expect(toIso(seconds)).toBe(new Date(seconds * 1000).toISOString().replace('.000', ''));
  });
});

describe('nowSeconds', () => {
  it('gives whole seconds of the current time', () => {
    const before = Math.floor(Date.now() / 1000);
    const now = nowSeconds();
    expect(Number.isInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now() / 1000);
  });
});

describe('parseInstant', () => {
  it.each([
    ['2025-09-25T01:06:21Z', '2025-09-25T01:06:21Z'],
    ['2025-09-25t01:06:21z', '2025-09-25T01:06:21Z'],
    ['2025-09-25T01:06Z', '2025-09-25T01:06:00Z'],
    ['2025-09-25T01:06:21.999999Z', '2025-09-25T01:06:21Z'],
    ['2025-09-25T01:06:21,5Z', '2025-09-25T01:06:21Z'],
    ['2025-09-25T03:06:21+02:00', '2025-09-25T01:06:21Z'],
    ['2025-09-25T03:06:21+0200', '2025-09-25T01:06:21Z'],
    ['2025-09-25T03:06:21+02', '2025-09-25T01:06:21Z'],
    ['2025-09-24T21:36:21.1-03:30', '2025-09-25T01:06:21Z'],
    ['2025-09-25T01:06:21-00:00', '2025-09-25T01:06:21Z'],
    ['2025-12-31T23:30:00-01:00', '2026-01-01T00:30:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['0050-01-01T00:00:00Z', '0050-01-01T00:00:00Z'],
    ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
  ])('reads %s as %s', (text, same) => {
    expect(parseInstant(text)).toBe(Date.parse(same) / 1000);
  });

  it.each([
    ['a day that the month does not have', '2025-02-30T00:00:00Z'],
    ['the 29th of February of a common year', '2025-02-29T00:00:00Z'],
    ['a month that does not exist', '2025-13-01T00:00:00Z'],
    ['a month of zero', '2025-00-01T00:00:00Z'],
    ['a day of zero', '2025-01-00T00:00:00Z'],
    ['the year zero', '0000-01-01T00:00:00Z'],
    ['an hour past the day', '2025-09-25T25:00:00Z'],
    ['midnight as the end of a day', '2025-09-25T24:00:00Z'],
    ['a minute past the hour', '2025-09-25T01:60:00Z'],
    ['a leap second, which Unix time does not have', '2016-12-31T23:59:60Z'],
    ['an offset past a day', '2025-09-25T01:06:21+99:00'],
    ['an offset with too many minutes', '2025-09-25T01:06:21+02:60'],
    ['no offset', '2025-09-25T01:06:21'],
    ['no time', '2025-09-25'],
    ['a space in place of the T', '2025-09-25 01:06:21Z'],
    ['space around it', ' 2025-09-25T01:06:21Z'],
    ['a line end after it', '2025-09-25T01:06:21Z\n'],
    ['an empty fraction', '2025-09-25T01:06:21.Z'],
    ['a year of six digits', '+012025-09-25T01:06:21Z'],
    ['digits of another script', '２０２５-09-25T01:06:21Z'],
    ['Unix seconds', '1758762381'],
    ['a word', 'now'],
    ['nothing', ''],
  ])('refuses %s', (_case, text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it.each([['9999-12-31T23:59:59-01:00'], ['0001-01-01T00:00:00+01:00']])(
    'refuses %s, which has no four-digit year in UTC',
    (text) => {
      expect(parseInstant(text)).toBeUndefined();
    },
  );
});
