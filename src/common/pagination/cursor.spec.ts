import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCursor, toCursor } from './cursor.js';

const FILE_ID = 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10';
const CURSOR = 'MTc1ODc2MjM4MS9jMWI3ZDBjMi01OGE1LTRkMGYtOWE1My02YTNiMGE0YzdmMTA';

const encoded = (text: string) => Buffer.from(text).toString('base64url');

/** Unix seconds as they are stored: whole, or with microseconds in rows of the older backend. */
const uploadedAt = fc.oneof(
  fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  fc.integer({ min: 0, max: 4_102_444_800_000_000 }).map((microseconds) => microseconds / 1e6),
);
const fileId = fc.oneof(
  fc.uuid(),
  fc.string({ minLength: 1, maxLength: 64 }).map((text) => text.replaceAll(' ', '/')),
);
const position = fc.record({ time: uploadedAt, id: fileId });

/** Checks that a text is either not a cursor, or the only cursor of its position. */
function expectOneTextPerPosition(text: string): void {
  const parsed = parseCursor(text);
  if (parsed !== undefined) expect(toCursor(parsed)).toBe(text);
}

describe('toCursor', () => {
  it('writes time and id in base64url', () => {
    expect(toCursor({ time: 1_758_762_381, id: FILE_ID })).toBe(CURSOR);
  });

  it('needs no encoding in a URL and has at most 200 characters', () => {
    fc.assert(fc.property(position, (at) => expect(toCursor(at)).toMatch(/^[\w-]{1,200}$/)));
  });
});

describe('parseCursor', () => {
  it('reads what toCursor writes', () => {
    fc.assert(fc.property(position, (at) => expect(parseCursor(toCursor(at))).toEqual(at)));
  });

  it.each([
    ['whole', 1_758_762_381],
    ['with microseconds', 1_758_762_381.123_456],
    ['with all digits of a double', 1_758_762_381.123_456_7],
    ['zero', 0],
    ['before 1970', -1.5],
    ['a microsecond', 0.000_001],
  ])('keeps a time that is %s', (_case, seconds) => {
    const at = { time: seconds, id: FILE_ID };
    expect(parseCursor(toCursor(at))).toEqual(at);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'garbage'],
    ['not encoded', `1758762381/${FILE_ID}`],
    ['padded', `${encoded('1758762381/ab')}==`],
    ['in plain base64', Buffer.from('1758762381/~~~???>>>').toString('base64')],
    ['with a line end', `${CURSOR}\n`],
    ['with a space before it', ` ${CURSOR}`],
    ['with a character of no alphabet in it', `${CURSOR.slice(0, 8)}!${CURSOR.slice(8)}`],
    ['twice', `${CURSOR},${CURSOR}`],
    ['without an id', encoded('1758762381/')],
    ['without a time', encoded(`/${FILE_ID}`)],
    ['without a slash', encoded(`1758762381${FILE_ID}`)],
    ['with a time in words', encoded(`now/${FILE_ID}`)],
    ['with a time that is no number', encoded(`NaN/${FILE_ID}`)],
    ['with an endless time', encoded(`Infinity/${FILE_ID}`)],
    ['with an exponent', encoded(`1e9/${FILE_ID}`)],
    ['with a hexadecimal time', encoded(`0x10/${FILE_ID}`)],
    ['with a leading zero', encoded(`01758762381/${FILE_ID}`)],
    ['with a trailing zero', encoded(`1758762381.50/${FILE_ID}`)],
    ['with a plus sign', encoded(`+1758762381/${FILE_ID}`)],
    ['with a negative zero', encoded(`-0/${FILE_ID}`)],
    ['with more digits than a number holds', encoded(`1758762381.1234567890123456789/${FILE_ID}`)],
    ['with a time past all bounds', encoded(`${'9'.repeat(16)}/${FILE_ID}`)],
    ['with a space in the id', encoded('1758762381/a b')],
    ['with a NUL in the id', encoded('1758762381/a\0')],
    ['with an umlaut in the id', encoded('1758762381/ä')],
    ['with a line end after the id', encoded(`1758762381/${FILE_ID}\n`)],
    ['with an id of 65 characters', encoded(`1758762381/${'a'.repeat(65)}`)],
    ['of ten thousand characters', 'a'.repeat(10_000)],
    ['JSON', encoded(JSON.stringify({ time: 1_758_762_381, id: FILE_ID }))],
  ])('refuses a cursor that is %s', (_case, text) => {
    expect(parseCursor(text)).toBeUndefined();
  });

  it('never throws, and knows one text for each position', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\ud800', 'M') }),
    );
    fc.assert(fc.property(anyText, expectOneTextPerPosition));
    fc.assert(fc.property(anyText.map(encoded), expectOneTextPerPosition));
    const numberLike = fc.string({ unit: fc.constantFrom(...'0123456789.-+eE/a') });
    fc.assert(fc.property(numberLike.map(encoded), expectOneTextPerPosition), { numRuns: 1000 });
  });

  it('takes a cut cursor for another position, or for none', () => {
    fc.assert(
      fc.property(position, fc.nat(), fc.nat(), (at, from, length) => {
        const whole = toCursor(at);
        const start = from % whole.length;
        const cut = whole.slice(start, start + (length % whole.length));
        expectOneTextPerPosition(cut);
        expect(parseCursor(cut)).not.toEqual(at);
      }),
    );
  });

  it('takes a cursor with a changed character for another position, or for none', () => {
    const character = fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom(...'AQgw-_=+/'));
    fc.assert(
      fc.property(position, fc.nat(), character, (at, n, other) => {
        const whole = toCursor(at);
        const index = n % whole.length;
        fc.pre(whole[index] !== other);
        const changed = whole.slice(0, index) + other + whole.slice(index + 1);
        expectOneTextPerPosition(changed);
        expect(parseCursor(changed)).not.toEqual(at);
      }),
    );
  });
});
