import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Dispatcher, request } from 'undici';
import {
  OWNER_ATTRIBUTE,
  ownerIndexOf,
  type TableDefinition,
  tableDefinitions,
} from '../../src/database/tables.js';
import type { TestApp } from '../support/test-app.js';

export type Row = Record<string, unknown>;

type Marshalled = Parameters<typeof unmarshall>[0];

/** What is signed with it is not looked at by a local engine, which only wants to see one. */
const AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local';

/**
 * The tables, for arranging rows and looking at them behind the application's back. There is more of that in a run than of
 * anything else, and through the SDK it takes ten times the CPU.
 */
export class TablesClient {
  private readonly endpoint: string;
  readonly names: TestApp['config']['tables'];
  readonly definitions: readonly TableDefinition[];

  constructor(
    { config }: Pick<TestApp, 'config'>,
    private readonly dispatcher: Dispatcher,
  ) {
    this.endpoint = config.database.endpoint as string;
    this.names = config.tables;
    this.definitions = tableDefinitions(config.tables);
  }

  /** Writes rows, 25 at most, by table. */
  async put(rows: Readonly<Record<string, readonly Row[]>>): Promise<void> {
    const requests = Object.entries(rows).flatMap(([table, items]) =>
      items.length === 0 ? [] : [[table, items.map((row) => ({ PutRequest: { Item: marshall(row) } }))]],
    );
    await this.call('BatchWriteItem', { RequestItems: Object.fromEntries(requests) as Row });
  }

  /** Rows by key, consistently read. */
  async get(table: string, keys: readonly Row[]): Promise<Row[]> {
    const { Responses } = await this.call('BatchGetItem', {
      RequestItems: { [table]: { Keys: keys.map((key) => marshall(key)), ConsistentRead: true } },
    });
    return ((Responses as Record<string, Marshalled[]>)[table] ?? []).map((row) => unmarshall(row));
  }

  /**
   * The rows of a user in a table.
   *
   * @param known keys of rows that are looked for too: a damaged one may be in no index
   */
  async ownedBy(userId: string, definition: TableDefinition, known: Iterable<string>): Promise<Row[]> {
    const { name: table, partitionKey } = definition;
    const index = ownerIndexOf(definition);
    const ids = [...known, ...(index ? [] : [userId])];
    const [indexed, byKey] = await Promise.all([
      index ? this.partition(table, index.name, OWNER_ATTRIBUTE, userId) : [],
      ids.length > 0
        ? this.get(
            table,
            ids.map((id) => ({ [partitionKey.name]: id })),
          )
        : [],
    ]);
    return [...new Map([...indexed, ...byKey].map((row) => [row[partitionKey.name], row])).values()];
  }

  /** Rows of one partition of an index. */
  async partition(table: string, index: string, attribute: string, value: string): Promise<Row[]> {
    const { Items } = await this.call('Query', {
      ...{ TableName: table, IndexName: index, KeyConditionExpression: `${attribute} = :value` },
      ExpressionAttributeValues: { ':value': { S: value } },
    });
    return (Items as Marshalled[]).map((row) => unmarshall(row));
  }

  /** Deletes rows, 25 at most. */
  async delete({ name: table, partitionKey }: TableDefinition, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const requests = rows.map((row) => ({
      DeleteRequest: { Key: marshall({ [partitionKey.name]: row[partitionKey.name] }) },
    }));
    await this.call('BatchWriteItem', { RequestItems: { [table]: requests } });
  }

  private async call(operation: string, input: Row): Promise<Row> {
    const answer = await request(this.endpoint, {
      ...{ dispatcher: this.dispatcher, method: 'POST', body: JSON.stringify(input) },
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': `DynamoDB_20120810.${operation}`,
        'X-Amz-Date': '20250101T000000Z',
        Authorization: AUTHORIZATION,
      },
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${operation}: ${answer.statusCode} ${text}`);
    return JSON.parse(text) as Row;
  }
}
