import { describe, expect, it } from '@jest/globals';
import { messages } from '../../../test/support/rule-messages.js';
import {
  IsAddressLike,
  IsInstant,
  IsLike,
  IsNumberBetween,
  IsObjectKey,
  IsOneOf,
  IsText,
  IsWhole,
} from './rules.js';

const LONE_SURROGATE = 'abc\ud800defgh';

describe('IsText', () => {
  it.each([['a'], ['ab'], ['abc'], ['💚💚💚'], ['\0\n\t'], ['   ']])(
    'accepts %j of 1 to 3 characters',
    (value) => {
      expect(messages(IsText(1, 3), value)).toEqual([]);
    },
  );

  it.each([
    [undefined, 'thing is required'],
    [null, 'thing is required'],
    [5, 'thing must be a string'],
    [true, 'thing must be a string'],
    [['ab'], 'thing must be a string'],
    [{}, 'thing must be a string'],
    ['', 'thing must be at least 2 characters'],
    ['💚', 'thing must be at least 2 characters'],
    ['abcd', 'thing must be at most 3 characters'],
    [LONE_SURROGATE, 'thing must be valid Unicode'],
  ])('says of %j: %s', (value, message) => {
    expect(messages(IsText(2, 3), value)).toEqual([message]);
  });

  it('says that an empty text must not be empty where one character would do', () => {
    expect(messages(IsText(1, 3), '')).toEqual(['thing must not be empty']);
  });

  it('calls the field by its label', () => {
    expect(messages(IsText(8, 256, 'Password'), 'short')).toEqual(['Password must be at least 8 characters']);
  });
});

describe('IsAddressLike', () => {
  it.each([
    ['a@b'],
    ['ada@example.com'],
    ['ada+tag@sub.example.com'],
    ['jörg@exämple.de'],
    [`${'a'.repeat(252)}@b`],
  ])('accepts %s', (value) => {
    expect(messages(IsAddressLike(), value)).toEqual([]);
  });

  it.each([
    [undefined, 'thing is required'],
    [null, 'thing is required'],
    [7, 'thing must be a string'],
    [['a@b'], 'thing must be a string'],
    ['', 'thing must not be empty'],
    [`${'a'.repeat(253)}@b`, 'thing must be at most 254 characters'],
    [`${LONE_SURROGATE}@b`, 'thing must be valid Unicode'],
    ['ada', 'thing must be a valid email address'],
    ['@b', 'thing must be a valid email address'],
    ['a@', 'thing must be a valid email address'],
    ['a@b@c', 'thing must be a valid email address'],
    ['a b@c', 'thing must be a valid email address'],
    ['a\0@b', 'thing must be a valid email address'],
    ['a@b\n', 'thing must be a valid email address'],
  ])('says of %j: %s', (value, message) => {
    expect(messages(IsAddressLike(), value)).toEqual([message]);
  });
});

describe('IsObjectKey', () => {
  it.each([
    ['a'],
    ['recordings/monday.m4a'],
    ['a//b'],
    ['a/'],
    ['...'],
    ['a/..b/c'],
    ['a b'],
    [' a'],
    ['a\ufffdb'],
    ['a\u{1fffe}b'],
    ['ä'.repeat(512)],
    ['💚'.repeat(256)],
  ])('accepts %j', (value) => {
    expect(messages(IsObjectKey(), value)).toEqual([]);
  });

  it.each([
    [undefined, 'thing is required'],
    [null, 'thing is required'],
    [12, 'thing must be a string'],
    [['a'], 'thing must be a string'],
    ['', 'thing must not be empty'],
    [LONE_SURROGATE, 'thing must be valid Unicode'],
    ['a'.repeat(1025), 'thing must be at most 1024 bytes of UTF-8'],
    [`${'ä'.repeat(512)}a`, 'thing must be at most 1024 bytes of UTF-8'],
    ['a\0b', 'thing must not contain control characters'],
    ['a\nb', 'thing must not contain control characters'],
    ['a\u007fb', 'thing must not contain control characters'],
    ['a\u0085b', 'thing must not contain control characters'],
    ['a\ufffe', 'thing must not contain U+FFFE or U+FFFF'],
    ['\uffffa', 'thing must not contain U+FFFE or U+FFFF'],
    ['a/b ', 'thing must not end with a blank'],
    ['a\u00a0', 'thing must not end with a blank'],
    [' ', 'thing must not end with a blank'],
    ['/a', 'thing must not start with a slash'],
    ['.', 'thing must not contain "." or ".." segments'],
    ['..', 'thing must not contain "." or ".." segments'],
    ['./a', 'thing must not contain "." or ".." segments'],
    ['a/../b', 'thing must not contain "." or ".." segments'],
    ['a/.', 'thing must not contain "." or ".." segments'],
  ])('says of %j: %s', (value, message) => {
    expect(messages(IsObjectKey(), value)).toEqual([message]);
  });
});

describe('IsInstant', () => {
  it('accepts an instant with an offset', () => {
    expect(messages(IsInstant(), '2025-09-24T20:30:00+02:00')).toEqual([]);
  });

  it.each([[undefined], [null], [1_758_762_381], [''], ['now'], ['2025-09-24T20:30:00'], [new Date()]])(
    'refuses %j',
    (value) => {
      expect(messages(IsInstant(), value)).toEqual([
        'thing must be an ISO 8601 instant with an offset, such as 2025-09-25T01:06:21Z',
      ]);
    },
  );
});

describe('IsWhole', () => {
  it.each([[1], [50], [100]])('accepts %d from 1 to 100', (value) => {
    expect(messages(IsWhole(1, 100), value)).toEqual([]);
  });

  it.each([
    [0],
    [101],
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    ['5'],
    [true],
    [[5]],
    [5n],
    [null],
    [undefined],
  ])('refuses %p', (value) => {
    expect(messages(IsWhole(1, 100), value)).toEqual(['thing must be a whole number from 1 to 100']);
  });
});

describe('IsNumberBetween', () => {
  it.each([[0.5], [1], [1.25], [2]])('accepts %d from 0.5 to 2', (value) => {
    expect(messages(IsNumberBetween(0.5, 2), value)).toEqual([]);
  });

  it.each([
    [0.499],
    [2.001],
    [-1],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    ['1'],
    [true],
    [[1]],
    [1n],
    [{ valueOf: () => 1 }],
    [null],
    [undefined],
  ])('refuses %p', (value) => {
    expect(messages(IsNumberBetween(0.5, 2), value)).toEqual(['thing must be a number from 0.5 to 2']);
  });
});

describe('IsOneOf', () => {
  it.each([['red'], ['green']])('accepts %s', (value) => {
    expect(messages(IsOneOf(['red', 'green']), value)).toEqual([]);
  });

  it.each([['Red'], ['red '], ['r'], [''], ['red,green'], [['red']], [0], [true], [null], [undefined]])(
    'refuses %j',
    (value) => {
      expect(messages(IsOneOf(['red', 'green']), value)).toEqual(['thing must be one of red, green']);
    },
  );
});

describe('IsLike', () => {
  const IsColour = () => IsLike(/^#[0-9a-f]{3}$/, 'must be a colour such as #0af');

  it('accepts what matches, time and again', () => {
    for (let i = 0; i < 3; i++) expect(messages(IsColour(), '#0af')).toEqual([]);
  });

  it.each([
    [undefined, 'thing is required'],
    [null, 'thing is required'],
    [7, 'thing must be a string'],
    [['#0af'], 'thing must be a string'],
    [LONE_SURROGATE, 'thing must be valid Unicode'],
    ['', 'thing must be a colour such as #0af'],
    ['#0AF', 'thing must be a colour such as #0af'],
    ['#0af\n', 'thing must be a colour such as #0af'],
  ])('says of %j: %s', (value, message) => {
    expect(messages(IsColour(), value)).toEqual([message]);
  });
});
