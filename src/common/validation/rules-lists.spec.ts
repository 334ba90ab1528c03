import { describe, expect, it } from '@jest/globals';
import { messages } from '../../../test/support/rule-messages.js';
import { IsList, IsTextList } from './rules.js';

const LONE_SURROGATE = 'abc\ud800defgh';

describe('IsList', () => {
  it.each([[[1]], [['a', null]], [[[], {}, undefined]]])('accepts %j of 1 to 3 things', (value) => {
    expect(messages(IsList(1, 3), value)).toEqual([]);
  });

  it.each([
    [undefined, 'thing is required'],
    [null, 'thing is required'],
    ['abc', 'thing must be a list'],
    [{ length: 2 }, 'thing must be a list'],
    [new Set([1, 2]), 'thing must be a list'],
    [[], 'thing must have at least 2 entries'],
    [[1], 'thing must have at least 2 entries'],
    [[1, 2, 3, 4], 'thing must have at most 3 entries'],
  ])('says of %j: %s', (value, message) => {
    expect(messages(IsList(2, 3), value)).toEqual([message]);
  });

  it('says that there must be an entry where one would do', () => {
    expect(messages(IsList(1, 3), [])).toEqual(['thing must have at least 1 entry']);
  });
});

describe('IsTextList', () => {
  it.each([[[]], [['a']], [['a', 'a']], [['a', 'bc', '💚💚']]])(
    'accepts %j of at most 3 texts of at most 2 characters',
    (value) => {
      expect(messages(IsTextList(3, 2), value)).toEqual([]);
    },
  );

  it.each([
    [undefined, 'thing is required'],
    [null, 'thing is required'],
    ['ab', 'thing must be a list'],
    [{ 0: 'a' }, 'thing must be a list'],
    [['a', 'b', 'c', 'd'], 'thing must have at most 3 entries'],
    [['a', ''], 'thing must have only good entries: number 2 must not be empty'],
    [['abc'], 'thing must have only good entries: number 1 must be at most 2 characters'],
    [[5], 'thing must have only good entries: number 1 must be a string'],
    [[['a']], 'thing must have only good entries: number 1 must be a string'],
    [['a', null], 'thing must have only good entries: number 2 is required'],
    [['a', LONE_SURROGATE], 'thing must have only good entries: number 2 must be valid Unicode'],
    [[1, ''], 'thing must have only good entries: number 1 must be a string'],
  ])('says of %j: %s', (value, message) => {
    expect(messages(IsTextList(3, 2), value)).toEqual([message]);
  });

  it('sees the holes of a list', () => {
    expect(messages(IsTextList(3, 2), new Array(2))).toEqual([
      'thing must have only good entries: number 1 is required',
    ]);
  });
});
