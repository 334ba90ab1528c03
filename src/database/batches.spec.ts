import { describe, expect, it } from '@jest/globals';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { batchGet, batchGetAcross, batchGetAll } from './batches.js';
import type { Database } from './database.js';

type Key = { id: string };
type Request = { RequestItems: Record<string, { Keys: Key[]; ConsistentRead?: boolean }> };

const TABLE = 'things';
const keysOf = (count: number) => Array.from({ length: count }, (_, i) => ({ id: String(i) }));

/** A database whose rows are their keys, and which leaves some keys unprocessed. */
function databaseLeaving(undone: (keys: Key[], call: number) => Key[], missing: readonly string[] = []) {
  const calls: Request[] = [];
  const read = async (request: Request) => {
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
  return { database: { batchGet: read } as unknown as Database, calls, sizes };
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

describe('batchGet', () => {
  it('says of no key that it is undone where all were asked about, rows or none', async () => {
    const { database } = databaseLeaving(() => [], ['1']);
    expect(await batchGet(database, TABLE, keysOf(3))).toEqual({
      rows: [{ id: '0' }, { id: '2' }],
      unprocessed: [],
    });
  });

  it('gives what could be read, and names the keys that could not', async () => {
    const { database, sizes } = databaseLeaving((keys) => keys.filter(({ id }) => ['3', '120'].includes(id)));
    const { rows, unprocessed, error } = await batchGet<Key>(database, TABLE, keysOf(150));
    expect(rows).toEqual(keysOf(150).filter(({ id }) => id !== '3' && id !== '120'));
    expect(unprocessed).toEqual([{ id: '3' }, { id: '120' }]);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(sizes().sort((a = 0, b = 0) => b - a)).toEqual([100, 50, ...Array<number>(10).fill(1)]);
  });

  it('names the keys of the calls that fail, and gives the rows of the others', async () => {
    const error = new UnavailableError('Not now', 7);
    const { database } = databaseLeaving((keys) => {
      if (keys.length < 100) throw error;
      return [];
    });
    expect(await batchGet(database, TABLE, keysOf(130))).toEqual({
      rows: keysOf(100),
      unprocessed: keysOf(130).slice(100),
      error,
    });
  });

  it('keeps what was read before a call failed', async () => {
    const error = new UnavailableError('Not now', 7);
    const { database } = databaseLeaving((keys, call) => {
      if (call === 2) throw error;
      return keys.slice(2);
    });
    expect(await batchGet(database, TABLE, keysOf(3))).toEqual({
      rows: keysOf(2),
      unprocessed: [{ id: '2' }],
      error,
    });
  });

  it('throws what is no outage', async () => {
    const error = new Error('malformed');
    const { database } = databaseLeaving(() => {
      throw error;
    });
    await expect(batchGet(database, TABLE, keysOf(1))).rejects.toBe(error);
  });
});

describe('batchGetAcross', () => {
  type Answer = Awaited<ReturnType<Database['batchGet']>>;
  const [ada, one] = [
    { table: 'users', key: { user_id: 'ada' } },
    { table: 'sessions', key: { session_id: '1' } },
  ];
  const [adaRow, oneRow] = [
    { user_id: 'ada', email: 'ada@example.com' },
    { session_id: '1', user_id: 'ada' },
  ];

  function databaseAnswering(...answers: object[]) {
    const calls: object[] = [];
    const batchGet = async (request: { RequestItems: object }) => {
      calls.push(request.RequestItems);
      return Promise.resolve(answers.shift() as Answer);
    };
    return { database: { batchGet } as unknown as Database, calls };
  }

  it('gives the row of each key in the order of the keys, all of one call', async () => {
    const { database, calls } = databaseAnswering({ Responses: { sessions: [oneRow], users: [adaRow] } });
    expect(await batchGetAcross(database, [ada, one])).toEqual([adaRow, oneRow]);
    expect(calls).toEqual([
      {
        users: { Keys: [ada.key], ConsistentRead: true },
        sessions: { Keys: [one.key], ConsistentRead: true },
      },
    ]);
  });

  it('gives nothing for a key without a row', async () => {
    const { database } = databaseAnswering({ Responses: { users: [adaRow], sessions: [] } });
    expect(await batchGetAcross(database, [one, ada])).toEqual([undefined, adaRow]);
  });

  it('asks again for what was left undone, of that table only', async () => {
    const { database, calls } = databaseAnswering(
      { Responses: { users: [adaRow] }, UnprocessedKeys: { sessions: { Keys: [one.key] } } },
      { Responses: { sessions: [oneRow] } },
    );
    expect(await batchGetAcross(database, [ada, one])).toEqual([adaRow, oneRow]);
    expect(calls[1]).toEqual({ sessions: { Keys: [one.key], ConsistentRead: true } });
  });

  it.each([
    ['nothing', {}],
    ['no table', { Responses: {} }],
    ['one table of two', { Responses: { users: [adaRow] } }],
  ])('takes an answer with %s for no answer, and not for rows that are not there', async (_name, answer) => {
    const { database } = databaseAnswering(answer);
    await expect(batchGetAcross(database, [ada, one])).rejects.toThrow(UnavailableError);
  });
});
