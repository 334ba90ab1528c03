import { randomBytes, randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { OLDER_HASH } from './older-backend.js';

export type Row = Record<string, unknown>;

/** Limit of DynamoDB for one call. */
const BATCH = 25;
const PARALLEL = 8;

/** An account row like those of the older backend; `undefined` in the overrides omits an attribute. */
export function olderUser(overrides: Row = {}): Row & { user_id: string; email: string } {
  return {
    user_id: randomUUID(),
    email: `${randomUUID()}@example.com`,
    password_hash: OLDER_HASH,
    key_salt: randomBytes(32).toString('base64'),
    created_at: 1_758_762_381.123_456,
    created_at_iso: '2025-09-25T01:06:21.123456',
    ...overrides,
  };
}

/** An audio-file row like those of the older backend. */
export function olderAudioFile(overrides: Row = {}): Row {
  return {
    file_id: randomUUID(),
    user_id: randomUUID(),
    s3_key: 'recordings/monday.m4a',
    uploaded_at: 1_758_762_381,
    uploaded_at_iso: '2025-09-25T01:06:21.123456',
    ...overrides,
  };
}

/** Stores rows directly in the table. */
export async function putRows(client: DynamoDBClient, table: string, rows: Iterable<Row>): Promise<void> {
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const left = rows[Symbol.iterator]();
  const worker = async () => {
    for (let batch = take(left); batch.length > 0; batch = take(left)) {
      const requests = batch.map((Item) => ({ PutRequest: { Item } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** Every row of a table, in the order of its JSON. They must fit into one page. */
export async function allRows(client: DynamoDBClient, table: string): Promise<Row[]> {
  const documents = DynamoDBDocumentClient.from(client);
  const { Items = [] } = await documents.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  return sorted(Items);
}

/** In the order of their JSON. */
export function sorted(rows: readonly Row[]): Row[] {
  const keyed = rows.map((row) => Object.fromEntries(Object.entries(row).sort()));
  return keyed.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function take(rows: Iterator<Row>): Row[] {
  const batch: Row[] = [];
  while (batch.length < BATCH) {
    const { done, value } = rows.next() as IteratorResult<Row, undefined>;
    if (done) break;
    batch.push(value);
  }
  return batch;
}
