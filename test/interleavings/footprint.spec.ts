import { describe, expect, it } from '@jest/globals';
import { commute, type Footprint, itemsOf, type KeyedTable } from './footprint.js';

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
  const keyed = (name: string, key: string): KeyedTable => ({
    name,
    partitionKey: { name: key, type: 'S' },
  });
  const tables = [keyed('users', 'user_id'), keyed('files', 'file_id'), keyed('notes', 'note_id')];

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a get', { TableName: 'users', Key: { user_id: 'u' } }, ['users u']],
    ['a put', { TableName: 'notes', Item: { user_id: 'u', file_id: 'f', note_id: 'n' } }, ['notes n']],
    ['a query', { TableName: 'users', IndexName: 'i' }, ['users *']],
    ['a table that nobody defined', { TableName: 't', Key: { user_id: 'u' } }, ['t *']],
    [
      'a batch of reads',
      { RequestItems: { files: { Keys: [{ file_id: 'f' }] }, users: { Keys: [{ user_id: 'u' }] } } },
      ['files f', 'users u'],
    ],
    [
      'a batch of writes',
      {
        RequestItems: {
          files: [
            { DeleteRequest: { Key: { file_id: 'f' } } },
            { PutRequest: { Item: { file_id: 'g', user_id: 'u' } } },
          ],
        },
      },
      ['files f', 'files g'],
    ],
    [
      'a transaction',
      {
        TransactItems: [
          { Put: { TableName: 'notes', Item: { note_id: 'n', user_id: 'u' } } },
          { ConditionCheck: { TableName: 'users', Key: { user_id: 'v' } } },
        ],
      },
      ['notes n', 'users v'],
    ],
    ['an object', { Bucket: 'b', Key: 'k' }, ['objects *']],
  ])('names the rows of %s', (_case, input, items) => {
    expect(itemsOf(input, tables)).toEqual(items);
  });
});
