import { describe, expect, it } from '@jest/globals';
import { Email, whyNotNew } from './email.js';

const LOOKALIKE =
  'must not contain characters before the @ that stand for others, such as full-width letters';
const INVISIBLE = 'must not contain invisible characters';
const INVALID = 'must be a valid email address';

describe('Email', () => {
  it.each([
    ['  Ada@Example.COM\n', 'ada@example.com'],
    ['Jose\u0301@example.com', 'jos\u00e9@example.com'],
    ['ada@B\u00dcCHER.de', 'ada@b\u00fccher.de'],
    ['ada@bu\u0308cher.de', 'ada@b\u00fccher.de'],
    ['ada@XN--bcher-kva.de', 'ada@b\u00fccher.de'],
    ['ada@ｅｘａｍｐｌｅ．ｃｏｍ', 'ada@example.com'],
    ['ada@example。com', 'ada@example.com'],
    ['ada@ex\u00adam\u200bple.com\u2060', 'ada@example.com'],
    ['ada@ΟΔΌΣ.gr', 'ada@οδόσ.gr'],
    // A URL parser would turn these into other hosts.
    ['ada@1.2.3', 'ada@1.2.3'],
    ['ada@%61.com', 'ada@%61.com'],
    // Invalid: the older rule applies.
    ['Ada@xn--a.com', 'ada@xn--a.com'],
  ])('reads %j as %j', (text, canonical) => {
    expect(Email.read(text).canonical).toBe(canonical);
  });

  it('has one form for most addresses, and where there are two first the one that was sent', () => {
    expect(Email.read('Ada@Example.com').forms).toEqual(['ada@example.com']);
    expect(Email.read('ada@b\u00fccher.de').forms).toEqual(['ada@b\u00fccher.de']);
    expect(Email.read('JOSE\u0301@example.com').forms).toEqual([
      'jose\u0301@example.com',
      'jos\u00e9@example.com',
    ]);
  });

  it('does no work for what is too long anyway', () => {
    const long = `jose\u0301@${'ü'.repeat(1_000_000)}.de`;
    expect(Email.read(long).forms).toEqual([long]);
  });
});

describe('whyNotNew', () => {
  it.each(['ada@example.com', 'jos\u00e9@example.com', 'ada@b\u00fccher.de', 'ada@xn--bcher-kva.de'])(
    'takes %s',
    (text) => expect(whyNotNew(Email.read(text))).toBeUndefined(),
  );

  it.each([
    ...[
      '\u200b',
      '\u200d',
      '\u00ad',
      '\u200e',
      '\u202e',
      '\u2066',
      '\ufeff',
      '\u034f',
      '\u3164',
      '\u{e0061}',
    ].map((character) => [`a${character}da@example.com`, INVISIBLE]),
    ['ａｄａ@example.com', LOOKALIKE],
    ['ﬁn@example.com', LOOKALIKE],
    ['ⅸ@example.com', LOOKALIKE],
    ['ada@xn--a.com', INVALID],
    ['ada@a\u200db.com', INVALID],
    [`ada@${'ü'.repeat(63)}.de`, INVALID],
    ['ada@example', INVALID],
  ])('says of %j: %s', (text, why) => {
    expect(whyNotNew(Email.read(text))).toBe(why);
  });
});
