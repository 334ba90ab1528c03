import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { type CallContext, noteCall } from '../common/call-context.js';
import { temporarilyUnavailable, UnavailableError } from '../common/errors/domain-errors.js';
import { NoAnswerError, UnprocessedError } from './database-errors.js';
import type { Database } from './database.js';

type Key = Record<string, string>;

/** One row to put or delete. */
export type WriteRequest = NonNullable<BatchWriteCommandInput['RequestItems']>[string][number];

/** Limits of DynamoDB for one call. */
const GET_LIMIT = 100;
const WRITE_LIMIT = 25;

/** Retries of unprocessed items, and the maximum pause before the first one. */
const RETRIES = 5;
const PAUSE_MS = 25;

/** Items that could not be processed, and the error; no error if all were processed. */
interface Leftover<Item> {
  readonly left: readonly Item[];
  readonly error?: UnavailableError;
}

/**
 * Rows by key, consistently read, in no order. Keys without a row are omitted. Costs a read unit a row.
 *
 * @param keys all different
 * @returns the rows, and the keys that could not be read now
 */
export async function batchGet<Row>(
  database: Database,
  table: string,
  keys: readonly Key[],
): Promise<{ rows: Row[]; unprocessed: readonly Key[]; error?: UnavailableError }> {
  const rows: Row[] = [];
  const asked = keys.map((key) => ({ table, key }));
  const { left, error } = await inBatches(
    { operation: 'BatchGetItem', table },
    asked,
    GET_LIMIT,
    async (batch) => {
      const answer = await readTogether(database, batch);
      rows.push(...answer.found.map(({ row }) => row as Row));
      return answer.left;
    },
  );
  return { rows, unprocessed: left.map(({ key }) => key), ...(error && { error }) };
}

/**
 * Like {@link batchGet}, but all or nothing.
 *
 * @throws UnavailableError if DynamoDB keeps leaving keys unprocessed
 */
export async function batchGetAll<Row>(
  database: Database,
  table: string,
  keys: readonly Key[],
): Promise<Row[]> {
  const { rows, error } = await batchGet<Row>(database, table, keys);
  if (error) throw error;
  return rows;
}

/** The key of a row in one of several tables. */
export interface TableKey {
  readonly table: string;
  readonly key: Key;
}

interface TableRow {
  readonly table: string;
  readonly row: Record<string, unknown>;
}

/** One call. Returns the rows, and the keys that DynamoDB left unprocessed. */
async function readTogether(
  database: Database,
  keys: readonly TableKey[],
): Promise<{ found: TableRow[]; left: TableKey[] }> {
  const RequestItems: Record<string, { Keys: Key[]; ConsistentRead: true }> = {};
  for (const { table, key } of keys) {
    (RequestItems[table] ??= { Keys: [], ConsistentRead: true }).Keys.push(key);
  }
  const { Responses = {}, UnprocessedKeys = {} } = await database.batchGet({ RequestItems });
  const left = Object.entries(UnprocessedKeys).flatMap(([table, { Keys = [] }]) =>
    (Keys as Key[]).map((key) => ({ table, key })),
  );
  for (const table of Object.keys(RequestItems)) {
    // DynamoDB returns a list for every table that it read, even if the list is empty.
    if (!Responses[table] && !left.some((key) => key.table === table)) {
      throw failed({ operation: 'BatchGetItem', table }, new NoAnswerError());
    }
  }
  const found = Object.entries(Responses).flatMap(([table, rows]) => rows.map((row) => ({ table, row })));
  return { found, left };
}

/**
 * A few rows of several tables in one call, consistently read. Costs a read unit a key, with or without a row.
 *
 * @param keys all different, at most 100
 * @returns the row of each key, in order; `undefined` if there is none
 * @throws UnavailableError if DynamoDB keeps leaving keys unprocessed
 */
export async function batchGetAcross(
  database: Database,
  keys: readonly TableKey[],
): Promise<(Record<string, unknown> | undefined)[]> {
  const found: TableRow[] = [];
  const tables = [...new Set(keys.map(({ table }) => table))];
  const call = { operation: 'BatchGetItem', table: tables.join() };
  const { error } = await untilDone(call, keys, async (batch) => {
    const answer = await readTogether(database, batch);
    found.push(...answer.found);
    return answer.left;
  });
  if (error) throw error;
  return keys.map(
    ({ table, key }) =>
      found.find(
        ({ table: other, row }) =>
          other === table && Object.entries(key).every(([name, value]) => row[name] === value),
      )?.row,
  );
}

/**
 * Puts and deletes rows, without conditions. Costs the same as single calls.
 *
 * @param requests for rows that are all different
 * @returns the requests that could not be processed now
 */
export async function batchWrite(
  database: Database,
  table: string,
  requests: readonly WriteRequest[],
): Promise<readonly WriteRequest[]> {
  const call = { operation: 'BatchWriteItem', table };
  const { left } = await inBatches(call, requests, WRITE_LIMIT, async (batch) => {
    const { UnprocessedItems } = await database.batchWrite({ RequestItems: { [table]: [...batch] } });
    return UnprocessedItems?.[table] ?? [];
  });
  return left;
}

/** The operation and table, for the log. */
type BatchCall = Pick<CallContext, 'operation' | 'table'>;

function failed(call: BatchCall, cause: Error): UnavailableError {
  noteCall(cause, { service: 'DynamoDB', ...call });
  return temporarilyUnavailable(1, { cause });
}

/** Calls `work` on slices of `items` concurrently. */
async function inBatches<Item>(
  call: BatchCall,
  items: readonly Item[],
  size: number,
  work: (batch: readonly Item[]) => Promise<Item[]>,
): Promise<Leftover<Item>> {
  const slices = Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
  const leftovers = await Promise.all(slices.map((slice) => untilDone(call, slice, work)));
  const error = leftovers.find((leftover) => leftover.error)?.error;
  return { left: leftovers.flatMap(({ left }) => left), ...(error && { error }) };
}

/** Calls `work`, and retries it with the unprocessed items after a growing pause. */
async function untilDone<Item>(
  call: BatchCall,
  batch: readonly Item[],
  work: (batch: readonly Item[]) => Promise<Item[]>,
): Promise<Leftover<Item>> {
  let left = batch;
  for (let retry = 0; ; retry++) {
    try {
      left = await work(left);
    } catch (error) {
      if (error instanceof UnavailableError) return { left, error };
      throw error;
    }
    if (left.length === 0) return { left };
    if (retry === RETRIES) {
      return { left, error: failed(call, new UnprocessedError()) };
    }
    // Jitter, so that many clients do not retry at the same time.
    await sleep(Math.random() * PAUSE_MS * 2 ** retry);
  }
}
