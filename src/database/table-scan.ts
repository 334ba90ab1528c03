import { type DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { sendWithRetry } from './retry.js';

/** A row as it is stored, its numbers as JavaScript's. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows to a page; the limit of DynamoDB for one `BatchGetItem`. */
const PAGE = 100;

/** A table that a command is to read is not there. */
export class MissingTableError extends Error {
  constructor(readonly table: string) {
    super(`Table ${table} does not exist`);
    this.name = 'MissingTableError';
  }
}

/** Whole tables, a page at a time, for a run that nobody waits for. Throttled calls are repeated for half a minute. */
export class WholeTables {
  protected readonly client: DynamoDBDocumentClient;

  constructor(client: DynamoDBClient) {
    this.client = DynamoDBDocumentClient.from(client, {
      // The SDK throws at a fraction beyond 2⁵³: one such row would end the run instead of being reported.
      unmarshallOptions: { wrapNumbers: Number },
    });
  }

  /**
   * Reads a row of a table. Not repeated, so that wrong settings show at once.
   *
   * @throws MissingTableError
   */
  async assertReadable(table: string): Promise<void> {
    try {
      await this.client.send(new ScanCommand({ TableName: table, Limit: 1 }));
    } catch (error) {
      if (error instanceof ResourceNotFoundException) throw new MissingTableError(table);
      throw error;
    }
  }

  /** All rows, or these attributes of them. Costs 0.5 read units for each 4 KB stored. */
  async *pages(table: string, attributes?: readonly string[]): AsyncGenerator<Row[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await sendWithRetry(() =>
        this.client.send(
          new ScanCommand({
            TableName: table,
            Limit: PAGE,
            ...(start && { ExclusiveStartKey: start }),
            ...(attributes && projection(attributes)),
          }),
        ),
      );
      yield Items;
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  /**
   * Rows by key, consistently read, in no order; keys without a row are left out. Costs a read unit for each 4 KB of a
   * row, and one for a key without.
   *
   * @param keys all different
   */
  async rowsByKey(table: string, keys: readonly Row[], attributes?: readonly string[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (let start = 0; start < keys.length; start += PAGE) {
      let left = keys.slice(start, start + PAGE);
      await sendWithRetry(async () => {
        const request = { Keys: left, ConsistentRead: true, ...(attributes && projection(attributes)) };
        const output = await this.client.send(new BatchGetCommand({ RequestItems: { [table]: request } }));
        // `sendWithRetry` asks again; what there is to ask for is still the same.
        if (output.$metadata.requestId === undefined) return output;
        rows.push(...(output.Responses?.[table] ?? []));
        left = output.UnprocessedKeys?.[table]?.Keys ?? [];
        if (left.length > 0) throw new UnavailableError('DynamoDB left keys unprocessed', 1);
        return output;
      });
    }
    return rows;
  }
}

/** Names behind placeholders: some, `status` among them, are reserved words. */
function projection(attributes: readonly string[]) {
  return {
    ProjectionExpression: attributes.map((_name, n) => `#a${n}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, n) => [`#a${n}`, name])),
  };
}
