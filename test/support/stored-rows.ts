import { GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { TestApp } from './test-app.js';

type Row = Record<string, unknown>;
type Arranged = Pick<TestApp, 'rows' | 'config'>;

/** The row of an audio file as it is stored, or `undefined`. */
export async function storedAudioFile({ rows, config }: Arranged, fileId: string): Promise<Row | undefined> {
  const { Item } = await rows.send(
    new GetCommand({ TableName: config.tables.audioFiles, Key: { file_id: fileId }, ConsistentRead: true }),
  );
  return Item;
}

/** Stores the row of an audio file behind the application's back. */
export async function putAudioFile({ rows, config }: Arranged, row: Row): Promise<void> {
  await rows.send(new PutCommand({ TableName: config.tables.audioFiles, Item: row }));
}

/** Every row of both tables, in an order that does not change while the rows do not. */
export async function everyRow({ rows, config }: Arranged): Promise<string[]> {
  const found: string[] = [];
  for (const TableName of [config.tables.users, config.tables.audioFiles]) {
    const { Items } = await rows.send(new ScanCommand({ TableName, ConsistentRead: true }));
    found.push(...(Items ?? []).map((item) => JSON.stringify(Object.entries(item).sort())));
  }
  return found.sort();
}
