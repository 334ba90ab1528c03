import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { TableNames } from '../config/table-names.js';
import { sendWithRetry } from '../database/retry.js';
import { TABLES_MARKER_KEY } from '../config/reserved-keys.js';
import type { Bucket } from './bucket.js';

/** The identity of each table, by its role. */
type TableIds = Readonly<Record<'users' | 'audioFiles', string>>;

/**
 * The object in the bucket that names the tables of its content. Tables are identified by their `TableId`, which
 * DynamoDB assigns to each new table: a restored copy and a table created again under an old name have other ids.
 */
export class TablesMarker {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly bucket: Bucket,
    private readonly tables: Pick<TableNames, keyof TableIds>,
  ) {}

  /**
   * Why the bucket is not linked to the tables, in one sentence; `undefined` if it is.
   *
   * @throws BucketError if S3 is unavailable
   * @throws Error if the object exists and is not a marker
   */
  async objection(): Promise<string | undefined> {
    const text = await this.bucket.read(TABLES_MARKER_KEY);
    if (text === undefined) return `the bucket has no ${TABLES_MARKER_KEY} that names its tables`;
    const [marked, actual] = [idsIn(text), await this.ids()];
    const others = (['users', 'audioFiles'] as const).filter((role) => marked[role] !== actual[role]);
    if (others.length === 0) return undefined;
    const names = others.map((role) => this.tables[role]).join(' and ');
    return `${TABLES_MARKER_KEY} in the bucket names other tables than ${names}, such as those that they were restored from`;
  }

  /** Links the bucket to these tables. */
  async write(): Promise<void> {
    await this.bucket.write(TABLES_MARKER_KEY, JSON.stringify({ tables: await this.ids() }));
  }

  private async ids(): Promise<TableIds> {
    const [users, audioFiles] = await Promise.all([
      this.idOf(this.tables.users),
      this.idOf(this.tables.audioFiles),
    ]);
    return { users, audioFiles };
  }

  private async idOf(TableName: string): Promise<string> {
    const { Table } = await sendWithRetry(() => this.client.send(new DescribeTableCommand({ TableName })));
    // Engines other than DynamoDB may have no id.
    const id = Table?.TableId ?? Table?.CreationDateTime?.toISOString();
    if (id === undefined) throw new Error(`DynamoDB does not say which table ${TableName} is`);
    return id;
  }
}

function idsIn(text: string): Partial<TableIds> {
  try {
    const { tables } = JSON.parse(text) as { tables: TableIds };
    if (typeof tables.users === 'string' && typeof tables.audioFiles === 'string') return tables;
  } catch {
    // Reported below.
  }
  // Not treated as missing: the answer was something other than the marker.
  throw new Error(
    `${TABLES_MARKER_KEY} in the bucket cannot be read; look at it, and delete it to adopt the bucket anew`,
  );
}
