import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { LRUCache } from 'lru-cache';
import type { AudioFile } from '../audio-files/records/audio-file.js';
import { audioFileKey, STATUS_NAME } from '../audio-files/records/audio-file.row.js';
import type { TableNames } from '../config/table-names.js';
import { sendWithRetry } from '../database/retry.js';
import { OWNER_ATTRIBUTE, ownerIndexOf, type TableDefinition, USER_FILES_INDEX } from '../database/tables.js';
import { type Row, WholeTables } from '../database/table-scan.js';

/** Maximum of account ids in memory, a few MiB. */
const KNOWN_ACCOUNTS = 20_000;

/** The part of a key that can be the id of a record: upload keys contain it. */
const FILE_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.\w+$|$)/i;

/**
 * The reads and writes of the reconciliation, except those of single records. Throttled calls are retried for half a
 * minute.
 */
export class ReconcileRepository extends WholeTables {
  private readonly known = new LRUCache<string, true>({ max: KNOWN_ACCOUNTS });

  constructor(
    client: DynamoDBClient,
    readonly tables: Pick<TableNames, 'users' | 'audioFiles'>,
  ) {
    super(client);
  }

  /**
   * The users without an account, consistently read. Only existing accounts are remembered. Costs 1 read unit for an id
   * that is not remembered.
   */
  async withoutAccount(userIds: readonly string[]): Promise<Set<string>> {
    const asked = [...new Set(userIds)].filter((id) => this.known.get(id) === undefined);
    const keys = asked.map((id) => ({ user_id: id }));
    const rows = await this.rowsByKey(this.tables.users, keys, ['user_id']);
    const found = new Set(rows.map((row) => row['user_id']));
    for (const id of asked) if (found.has(id)) this.known.set(id, true);
    return new Set(asked.filter((id) => !found.has(id)));
  }

  /** The object keys of all records of a user according to the index. Costs 0.5 read units for each 4 KB stored. */
  async keysOfOwner(userId: string): Promise<Set<string>> {
    return this.ofOwner(userId, 's3_key');
  }

  /** The ids of all records of a user according to the index. */
  async idsOfOwner(userId: string): Promise<Set<string>> {
    return this.ofOwner(userId, 'file_id');
  }

  /**
   * The objects whose key contains the id of their record, consistently read, because the index may not contain a new
   * record yet. Costs 1 read unit a key.
   */
  async keysNamedById(keys: readonly string[]): Promise<Set<string>> {
    const ids = new Set(keys.flatMap((key) => FILE_ID.exec(key)?.[0] ?? []));
    const rows = await this.rowsByKey(this.tables.audioFiles, [...ids].map(audioFileKey), ['s3_key']);
    return new Set(rows.map((row) => String(row['s3_key'])));
  }

  /**
   * Deletes a record if it is still pending and unchanged since it was read. Costs 2 write units.
   *
   * @returns whether it no longer exists
   */
  async deletePending({ fileId, ownerId, uploadedAt, version, ticketAt }: AudioFile): Promise<boolean> {
    const changes = version === 0 ? 'attribute_not_exists(version)' : 'version = :version';
    // An upload URL that was returned meanwhile may be in use.
    const ticket = ticketAt === undefined ? 'attribute_not_exists(ticket_at)' : 'ticket_at = :ticket';
    try {
      await sendWithRetry(() =>
        this.client.send(
          new DeleteCommand({
            TableName: this.tables.audioFiles,
            Key: audioFileKey(fileId),
            ConditionExpression: `user_id = :owner AND #status = :pending AND uploaded_at = :uploaded AND ${changes} AND ${ticket}`,
            ExpressionAttributeNames: STATUS_NAME,
            ExpressionAttributeValues: {
              ...{ ':owner': ownerId, ':pending': 'pending', ':uploaded': uploadedAt },
              ...(version > 0 && { ':version': version }),
              ...(ticketAt !== undefined && { ':ticket': ticketAt }),
            },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
      );
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // If there is no row, it was deleted by a first attempt whose response was lost, or by its owner.
      return error.Item === undefined;
    }
  }

  /**
   * The keys of a user's rows in a table, in pages, according to its index. If the user is the partition key, that key,
   * whether or not there is a row. Costs 0.5 read units for each 4 KB of the index.
   */
  async *rowKeysOf(userId: string, definition: TableDefinition): AsyncGenerator<Row[]> {
    const { name: table, partitionKey } = definition;
    if (partitionKey.name === OWNER_ATTRIBUTE) {
      yield [{ [OWNER_ATTRIBUTE]: userId }];
      return;
    }
    const index = ownerIndexOf(definition);
    if (!index) throw new Error(`Table ${definition.table} has no index by ${OWNER_ATTRIBUTE}`);
    for await (const rows of this.rowsByOwner(table, index.name, userId, partitionKey.name)) {
      yield rows.map(({ [partitionKey.name]: key }) => ({ [partitionKey.name]: key }));
    }
  }

  /** Deletes one row. Costs at least a write unit. */
  async deleteRow(key: Row, { name }: TableDefinition): Promise<void> {
    await sendWithRetry(() => this.client.send(new DeleteCommand({ TableName: name, Key: key })));
  }

  private async ofOwner(userId: string, attribute: 's3_key' | 'file_id'): Promise<Set<string>> {
    const found = new Set<string>();
    for await (const rows of this.rowsByOwner(this.tables.audioFiles, USER_FILES_INDEX, userId, attribute)) {
      for (const { [attribute]: value } of rows) if (typeof value === 'string') found.add(value);
    }
    return found;
  }

  /** One attribute of the rows of a user, in pages. */
  private async *rowsByOwner(
    table: string,
    index: string,
    userId: string,
    attribute: string,
  ): AsyncGenerator<Row[]> {
    let start: Row | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await sendWithRetry(() =>
        this.client.send(
          new QueryCommand({
            TableName: table,
            IndexName: index,
            KeyConditionExpression: 'user_id = :owner',
            ExpressionAttributeValues: { ':owner': userId },
            ProjectionExpression: attribute,
            ...(start && { ExclusiveStartKey: start }),
          }),
        ),
      );
      yield Items as Row[];
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }
}
