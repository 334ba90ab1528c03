import { type DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  ScanCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { cancellationCodes } from '../database/database-errors.js';
import { reservationKey, type ReservationRow, reservationRow } from '../users/reservation.js';
import { patiently } from './patience.js';
import type { Row } from './row-checks.js';

/** Rows to a page; the limit of DynamoDB for one `BatchGetItem`. */
const PAGE = 100;

const REFUSED = 'ConditionalCheckFailed';

/** A table of the older backend is not there. */
export class MissingTableError extends Error {
  constructor(readonly table: string) {
    super(`Table ${table} does not exist`);
    this.name = 'MissingTableError';
  }
}

/** How an attempt to reserve an email ended: `taken` by another account, or the account is `gone` or changed. */
export type ReserveOutcome = 'reserved' | 'taken' | 'gone';

/** Whole tables, a page at a time, for a run that nobody waits for. Throttled calls are repeated for half a minute. */
export class TakeoverRepository {
  private readonly client: DynamoDBDocumentClient;

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
      const { Items = [], LastEvaluatedKey } = await patiently(() =>
        this.client.send(
          new ScanCommand({
            TableName: table,
            Limit: PAGE,
            ...(start && { ExclusiveStartKey: start }),
            ...(attributes && { ProjectionExpression: attributes.join(', ') }),
          }),
        ),
      );
      yield Items;
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  /**
   * The ids of the accounts that hold these emails, as many as have a reservation, consistently read. Costs 1 read unit
   * an email.
   *
   * @param emails at most 100, normalised
   */
  async reservationOwners(table: string, emails: readonly string[]): Promise<Map<string, unknown>> {
    const owners = new Map<string, unknown>();
    let keys: Record<string, unknown>[] = [...new Set(emails)].map(reservationKey);
    if (keys.length === 0) return owners;
    await patiently(async () => {
      const output = await this.client.send(
        new BatchGetCommand({ RequestItems: { [table]: { Keys: keys, ConsistentRead: true } } }),
      );
      // `patiently` asks again; what there is to ask for is still the same.
      if (output.$metadata.requestId === undefined) return output;
      const found = (output.Responses?.[table] ?? []) as ReservationRow[];
      for (const row of found) owners.set(row.user_id, row.owner_id);
      keys = output.UnprocessedKeys?.[table]?.Keys ?? [];
      if (keys.length > 0) throw new UnavailableError('DynamoDB left keys unprocessed', 1);
      return output;
    });
    return new Map(
      emails.flatMap((email) => {
        const { user_id: key } = reservationKey(email);
        return owners.has(key) ? [[email, owners.get(key)] as const] : [];
      }),
    );
  }

  /**
   * Writes a reservation. Only beside the account as it was read: one for an account that has been deleted meanwhile
   * would keep its email from everybody for good. May be repeated. Costs 4 write units.
   */
  async reserve(table: string, email: string, userId: string): Promise<ReserveOutcome> {
    try {
      await patiently(() =>
        this.client.send(
          new TransactWriteCommand({
            TransactItems: [
              {
                ConditionCheck: {
                  TableName: table,
                  Key: { user_id: userId },
                  ConditionExpression: 'email = :email',
                  ExpressionAttributeValues: { ':email': email },
                },
              },
              {
                Put: {
                  TableName: table,
                  Item: reservationRow(email, userId),
                  ConditionExpression: 'attribute_not_exists(user_id) OR owner_id = :owner',
                  ExpressionAttributeValues: { ':owner': userId },
                },
              },
            ],
          }),
        ),
      );
      return 'reserved';
    } catch (error) {
      const [account, reservation] = cancellationCodes(error);
      if (account === REFUSED) return 'gone';
      if (reservation === REFUSED) return 'taken';
      throw error;
    }
  }
}
