import { describe, expect, it } from '@jest/globals';
import { commute, type Footprint, itemsOf } from './footprint.js';

const step = (overrides: Partial<Footprint> = {}): Footprint => ({
  ...{ items: [], isWrite: false, begins: false, ends: false },
  ...overrides,
});

describe('commute', () => {
  it.each<[boolean, string, Partial<Footprint>, Partial<Footprint>]>([
    [true, 'reads of one row', { items: ['users a'] }, { items: ['users a'] }],
    [false, 'a read and a write of one row', { items: ['users a'] }, { items: ['users a'], isWrite: true }],
    [
      true,
      'writes of two rows',
      { items: ['users a'], isWrite: true },
      { items: ['users b'], isWrite: true },
    ],
    [false, 'a write and a query', { items: ['users a'], isWrite: true }, { items: ['users *'] }],
    [true, 'writes of two tables', { items: ['users a'], isWrite: true }, { items: ['files *'] }],
    [false, 'an end and a beginning', { ends: true }, { begins: true }],
    [true, 'two beginnings', { begins: true }, { begins: true }],
  ])('is %s for %s', (expected, _case, one, other) => {
    expect(commute(step(one), step(other))).toBe(expected);
    expect(commute(step(other), step(one))).toBe(expected);
  });
});

describe('itemsOf', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['a get', { TableName: 't', Key: { user_id: 'u' } }, ['t u']],
    ['a put', { TableName: 't', Item: { user_id: 'u', session_id: 's' } }, ['t s']],
    ['a query', { TableName: 't', IndexName: 'i' }, ['t *']],
    [
      'a batch of reads',
      { RequestItems: { t: { Keys: [{ file_id: 'f' }] }, o: { Keys: [{ user_id: 'u' }] } } },
      ['t f', 'o u'],
    ],
    [
      'a batch of writes',
      {
        RequestItems: {
          t: [
            { DeleteRequest: { Key: { file_id: 'f' } } },
            { PutRequest: { Item: { file_id: 'g', user_id: 'u' } } },
          ],
        },
      },
      ['t f', 't g'],
    ],
    [
      'a transaction',
      {
        TransactItems: [
          { Put: { TableName: 't', Item: { user_id: 'u' } } },
          { ConditionCheck: { TableName: 'o', Key: { user_id: 'v' } } },
        ],
      },
      ['t u', 'o v'],
    ],
    ['an object', { Bucket: 'b', Key: 'k' }, ['objects *']],
  ])('names the rows of %s', (_case, input, items) => {
    expect(itemsOf(input)).toEqual(items);
  });
});
