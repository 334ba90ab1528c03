import { BatchWriteCommand, GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { forEachTable, TABLE_KEYS, type TableKey } from '../../src/config/table-names.js';
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

/** Stores the row of an audio file directly in the table. */
export async function putAudioFile({ rows, config }: Arranged, row: Row): Promise<void> {
  await rows.send(new PutCommand({ TableName: config.tables.audioFiles, Item: row }));
}

/** Stores many rows directly in the table, with few concurrent calls. */
export async function putRows({ rows }: Pick<TestApp, 'rows'>, table: string, items: Row[]): Promise<void> {
  for (let start = 0; start < items.length; start += 25) {
    const puts = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
    await rows.send(new BatchWriteCommand({ RequestItems: { [table]: puts } }));
  }
}

/** Every row of all tables, in a stable order. */
export async function everyRow(app: Arranged): Promise<string[]> {
  const tables = await Promise.all(Object.values(app.config.tables).map((name) => scan(app, name)));
  return tables
    .flat()
    .map((row) => JSON.stringify(Object.entries(row).sort()))
    .sort();
}

/** Every row that belongs to a user, by table; the email claim is one of `users`. */
export async function rowsOf(app: Arranged, userId: string): Promise<Record<TableKey, Row[]>> {
  const own = async (table: TableKey) =>
    (await scan(app, app.config.tables[table])).filter(
      (row) => row['user_id'] === userId || row['owner_id'] === userId,
    );
  const found = await Promise.all(TABLE_KEYS.map(async (table) => [table, await own(table)] as const));
  return Object.fromEntries(found) as Record<TableKey, Row[]>;
}

/** The result of {@link rowsOf} for a user without any rows. */
export const NO_ROWS: Readonly<Record<TableKey, Row[]>> = forEachTable(() => []);

/** The row of a session as it is stored, or `undefined`. */
export async function storedSession({ rows, config }: Arranged, sessionId: string): Promise<Row | undefined> {
  const { Item } = await rows.send(
    new GetCommand({
      TableName: config.tables.sessions,
      Key: { session_id: sessionId },
      ConsistentRead: true,
    }),
  );
  return Item;
}

/** Changes attributes of the row of a session directly in the table. */
export async function changeSession(app: Arranged, sessionId: string, changes: Row): Promise<void> {
  const Item = { ...(await storedSession(app, sessionId)), ...changes };
  await app.rows.send(new PutCommand({ TableName: app.config.tables.sessions, Item }));
}

async function scan({ rows }: Pick<TestApp, 'rows'>, TableName: string): Promise<Row[]> {
  const found: Row[] = [];
  let start: Row | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await rows.send(
      new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey: start }),
    );
    found.push(...Items);
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return found;
}
