import { type DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { sendWithRetry } from './retry.js';

/** A row as it is stored, with JavaScript numbers. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows in a page; the limit of DynamoDB for one `BatchGetItem`. */
const PAGE = 100;

/** A command needs a table that does not exist. */
export class MissingTableError extends Error {
  constructor(readonly table: string) {
    super(`Table ${table} does not exist`);
    this.name = 'MissingTableError';
  }
}

/**
 * Scans whole tables page by page, for commands that no client waits for. Throttled calls are retried for half a
 * minute.
 */
export class WholeTables {
  protected readonly client: DynamoDBDocumentClient;

  constructor(client: DynamoDBClient) {
    this.client = DynamoDBDocumentClient.from(client, {
      // The SDK throws for a number beyond 2⁵³ with a fraction. One such row would end the run instead of being
      // reported.
      unmarshallOptions: { wrapNumbers: Number },
    });
  }

  /**
   * Reads one row of a table. Does not retry, so that wrong settings are reported immediately.
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

  /** All rows, with all or some attributes. Costs 0.5 read units for each 4 KB stored. */
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
   * Rows by key, consistently read, in no order. Keys without a row are omitted. Costs a read unit for each 4 KB of a
   * row, and one for a key without a row.
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
        // `sendWithRetry` retries this. The remaining keys are unchanged.
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

/** Attribute names as placeholders: some, such as `status`, are reserved words. */
function projection(attributes: readonly string[]) {
  return {
    ProjectionExpression: attributes.map((_name, n) => `#a${n}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, n) => [`#a${n}`, name])),
  };
}
