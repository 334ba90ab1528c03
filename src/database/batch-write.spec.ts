import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { batchWrite, type WriteRequest } from './batches.js';
import type { Database } from './database.js';

const TABLE = 'things';

describe('batchWrite', () => {
  type Writing = { RequestItems: Record<string, WriteRequest[]> };

  const putsOf = (count: number): WriteRequest[] =>
    Array.from({ length: count }, (_, i) => ({ PutRequest: { Item: { id: String(i) } } }));

  /** A database that leaves some requests unprocessed. */
  function databaseWriting(undone: (requests: WriteRequest[], call: number) => WriteRequest[]) {
    const calls: WriteRequest[][] = [];
    const write = async ({ RequestItems }: Writing) => {
      const requests = RequestItems[TABLE] ?? [];
      calls.push(requests);
      const left = undone(requests, calls.length);
      return Promise.resolve({ UnprocessedItems: left.length > 0 ? { [TABLE]: left } : {} });
    };
    return { database: { batchWrite: write } as unknown as Database, calls };
  }

  it('asks for nothing where there is nothing to write', async () => {
    const { database, calls } = databaseWriting(() => []);
    expect(await batchWrite(database, TABLE, [])).toEqual([]);
    expect(calls).toEqual([]);
  });

  it('sends puts and deletes as they are', async () => {
    const requests: WriteRequest[] = [
      { PutRequest: { Item: { id: '1', text: 'a' } } },
      { DeleteRequest: { Key: { id: '2' } } },
    ];
    const { database, calls } = databaseWriting(() => []);
    expect(await batchWrite(database, TABLE, requests)).toEqual([]);
    expect(calls).toEqual([requests]);
  });

  it.each([
    [25, [25]],
    [26, [25, 1]],
    [100, [25, 25, 25, 25]],
  ])('writes %i rows in calls of at most 25', async (count, expected) => {
    const { database, calls } = databaseWriting(() => []);
    expect(await batchWrite(database, TABLE, putsOf(count))).toEqual([]);
    expect(calls.map(({ length }) => length)).toEqual(expected);
    expect(calls.flat()).toEqual(putsOf(count));
  });

  it('writes again what was left undone, and nothing else', async () => {
    const { database, calls } = databaseWriting((requests) => requests.slice(2));
    const puts = putsOf(5);
    expect(await batchWrite(database, TABLE, puts)).toEqual([]);
    expect(calls).toEqual([puts, puts.slice(2), puts.slice(4)]);
  });

  it('gives back what stays undone', async () => {
    const puts = putsOf(30);
    const { database, calls } = databaseWriting((requests) => requests.filter((put) => put === puts[27]));
    expect(await batchWrite(database, TABLE, puts)).toEqual([puts[27]]);
    expect(calls.map(({ length }) => length)).toEqual([25, 5, 1, 1, 1, 1, 1]);
  });

  it('gives back what a call that fails was to write, and writes the rest', async () => {
    const { database } = databaseWriting((requests) => {
      if (requests.length === 25) throw new UnavailableError('Not now', 7);
      return [];
    });
    expect(await batchWrite(database, TABLE, putsOf(30))).toEqual(putsOf(25));
  });

  it('gives back only what was still undone when a call fails', async () => {
    const { database } = databaseWriting((requests, call) => {
      if (call === 2) throw new UnavailableError('Not now', 7);
      return requests.slice(4);
    });
    expect(await batchWrite(database, TABLE, putsOf(5))).toEqual(putsOf(5).slice(4));
  });

  it('throws what is no outage', async () => {
    const error = new Error('malformed');
    const { database } = databaseWriting(() => {
      throw error;
    });
    await expect(batchWrite(database, TABLE, putsOf(1))).rejects.toBe(error);
  });
});
