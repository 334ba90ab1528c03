import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { batchGetAll } from './batches.js';
import type { Database } from './database.js';

type Key = { id: string };
type Request = { RequestItems: Record<string, { Keys: Key[]; ConsistentRead?: boolean }> };

const TABLE = 'things';
const keysOf = (count: number) => Array.from({ length: count }, (_, i) => ({ id: String(i) }));

/** A database of rows that are their keys, which leaves undone what it is told to. */
function databaseLeaving(undone: (keys: Key[], call: number) => Key[], missing: readonly string[] = []) {
  const calls: Request[] = [];
  const batchGet = (request: Request) => {
    calls.push(request);
    const { Keys } = request.RequestItems[TABLE] ?? { Keys: [] };
    const left = undone(Keys, calls.length);
    const rows = Keys.filter((key) => !left.includes(key) && !missing.includes(key.id));
    return Promise.resolve({
      Responses: { [TABLE]: rows },
      UnprocessedKeys: left.length > 0 ? { [TABLE]: { Keys: left } } : {},
    });
  };
  const sizes = () => calls.map(({ RequestItems }) => RequestItems[TABLE]?.Keys.length);
  return { database: { batchGet } as unknown as Database, calls, sizes };
}

describe('batchGetAll', () => {
  it('asks for nothing where there is nothing to ask for', async () => {
    const { database, calls } = databaseLeaving(() => []);
    expect(await batchGetAll(database, TABLE, [])).toEqual([]);
    expect(calls).toEqual([]);
  });

  it('gives the rows there are, read consistently', async () => {
    const { database, calls } = databaseLeaving(() => [], ['1']);
    expect(await batchGetAll(database, TABLE, keysOf(3))).toEqual([{ id: '0' }, { id: '2' }]);
    expect(calls).toEqual([{ RequestItems: { [TABLE]: { Keys: keysOf(3), ConsistentRead: true } } }]);
  });

  it.each([
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])('asks for %i rows in calls of at most 100', async (count, expected) => {
    const { database, sizes } = databaseLeaving(() => []);
    expect(await batchGetAll(database, TABLE, keysOf(count))).toEqual(keysOf(count));
    expect(sizes()).toEqual(expected);
  });

  it('asks again for what was left undone, until nothing is', async () => {
    const { database, sizes } = databaseLeaving((keys) => keys.slice(2));
    expect(await batchGetAll(database, TABLE, keysOf(7))).toEqual(keysOf(7));
    expect(sizes()).toEqual([7, 5, 3, 1]);
  });

  it('gives up where something stays undone, and does not pass off a part for the whole', async () => {
    const { database, calls } = databaseLeaving((keys) => keys.filter(({ id }) => id === '3'));
    const outcome = await batchGetAll(database, TABLE, keysOf(5)).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(UnavailableError);
    expect(outcome).toMatchObject({
      message: 'The service is temporarily unavailable',
      retryAfterSeconds: 1,
    });
    expect(calls).toHaveLength(6);
  });

  it('throws what the database throws', async () => {
    const error = new UnavailableError('Not now', 1);
    const database = { batchGet: () => Promise.reject(error) } as unknown as Database;
    await expect(batchGetAll(database, TABLE, keysOf(1))).rejects.toBe(error);
  });
});
