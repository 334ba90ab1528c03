import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../common/errors/domain-errors.js';
import type { Database } from './database.js';

type Key = Record<string, string>;

/** Limit of DynamoDB for one call. */
const GET_LIMIT = 100;

/** How often what DynamoDB left undone is asked for again, and the longest pause before the first time. */
const RETRIES = 5;
const PAUSE_MS = 25;

/**
 * Rows by key, consistently read, in no order; keys without a row are left out. Costs a read unit a row.
 *
 * @throws UnavailableError where DynamoDB keeps leaving keys unprocessed
 */
export async function batchGetAll<Row>(
  database: Database,
  table: string,
  keys: readonly Key[],
): Promise<Row[]> {
  const rows: Row[] = [];
  await inBatches(keys, GET_LIMIT, async (batch) => {
    const { Responses, UnprocessedKeys } = await database.batchGet({
      RequestItems: { [table]: { Keys: batch, ConsistentRead: true } },
    });
    rows.push(...((Responses?.[table] ?? []) as Row[]));
    return (UnprocessedKeys?.[table]?.Keys ?? []) as Key[];
  });
  return rows;
}

/** Calls `work` on slices of `keys`, and again, after a pause that grows, on what it gives back as undone. */
async function inBatches(
  keys: readonly Key[],
  size: number,
  work: (batch: Key[]) => Promise<Key[]>,
): Promise<void> {
  for (let start = 0; start < keys.length; start += size) {
    let left = await work(keys.slice(start, start + size));
    for (let retry = 0; left.length > 0; retry++) {
      if (retry === RETRIES) throw new UnavailableError('The service is temporarily unavailable', 1);
      // Jitter, so that many at once do not come back at once.
      await sleep(Math.random() * PAUSE_MS * 2 ** retry);
      left = await work(left);
    }
  }
}
