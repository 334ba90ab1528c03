import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Database } from '../../../database/database.js';

/** The row of a key in a window, and the number in it that is counted up. */
export interface CounterRef {
  readonly limitKey: string;
  /** Attribute with the number of requests. */
  readonly hits: string;
  /** Unix second after which DynamoDB may delete the row. */
  readonly expiresAt: number;
}

/** A row as it was read. */
export interface LimitRow {
  readonly limit_key?: string;
  readonly expires_at?: number;
  /** Unix second until which every request of the key is refused. */
  readonly blocked_until?: number;
  /** How often the key was delayed. */
  readonly strikes?: number;
  /** Requests, by window. */
  readonly [hits: `h${number}`]: number;
}

/** How a request was counted. */
export interface Hit {
  readonly row: LimitRow;
  /** Refused until `blocked_until`, and not counted. */
  readonly isBlocked: boolean;
}

/**
 * The rows of the table of limits: counters, and what stands for addresses and devices of owners. Every method throws
 * what `Database` throws.
 */
export class LimitsTable {
  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {}

  /** Counts a request, unless the key is refused at that second. 1 W, also where it is. */
  async hit({ limitKey, hits, expiresAt }: CounterRef, nowSeconds: number): Promise<Hit> {
    const { row, isRefused } = await this.update(limitKey, {
      UpdateExpression: 'SET expires_at = :expires ADD #hits :one',
      ConditionExpression: 'attribute_not_exists(blocked_until) OR blocked_until <= :now',
      ExpressionAttributeNames: { '#hits': hits },
      ExpressionAttributeValues: { ':expires': expiresAt, ':one': 1, ':now': nowSeconds },
    });
    return { row, isBlocked: isRefused };
  }

  /**
   * Takes a request out of the count, unless the count began anew since. 1 W.
   *
   * @param blockedUntil what the row had when the request was counted
   */
  async takeBack({ limitKey, hits }: CounterRef, blockedUntil: number | undefined): Promise<void> {
    const isSame =
      blockedUntil === undefined ? 'attribute_not_exists(blocked_until)' : 'blocked_until = :blocked';
    await this.update(limitKey, {
      UpdateExpression: 'ADD #hits :less',
      // Never below zero: a row that is new would grant an attempt more than the quota.
      ConditionExpression: `#hits > :none AND ${isSame}`,
      ExpressionAttributeNames: { '#hits': hits },
      ExpressionAttributeValues: { ':less': -1, ':none': 0, ':blocked': blockedUntil },
    });
  }

  /** Counts a delay, and gives how many there are now. 1 W. */
  async strike({ limitKey, expiresAt }: CounterRef): Promise<number> {
    const { row } = await this.update(limitKey, {
      UpdateExpression: 'SET expires_at = :expires ADD strikes :one',
      ExpressionAttributeValues: { ':expires': expiresAt, ':one': 1 },
    });
    return row.strikes ?? 1;
  }

  /** Refuses every request until a Unix second; the count begins anew after that. 1 W. */
  async block({ limitKey, hits, expiresAt }: CounterRef, until: number, strikes: number): Promise<void> {
    await this.update(limitKey, {
      UpdateExpression:
        'SET blocked_until = :until, strikes = :strikes, expires_at = :expires, #hits = :none',
      ExpressionAttributeNames: { '#hits': hits },
      ExpressionAttributeValues: { ':until': until, ':strikes': strikes, ':expires': expiresAt, ':none': 0 },
    });
  }

  /** Removes a row. 1 W. */
  async remove(limitKey: string): Promise<void> {
    await this.database.delete({ TableName: this.name, Key: { limit_key: limitKey } });
  }

  /** Writes a row that says nothing but that it is there until a Unix second. 1 W. */
  async put(limitKey: string, expiresAt: number): Promise<void> {
    await this.update(limitKey, {
      UpdateExpression: 'SET expires_at = :expires',
      ExpressionAttributeValues: { ':expires': expiresAt },
    });
  }

  /** Until when rows are there, by their keys. One call, 0.5 R a row; a row that DynamoDB did not get to is left out. */
  async expiries(limitKeys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const Keys = limitKeys.map((key) => ({ limit_key: key }));
    const { Responses } = await this.database.batchGet({ RequestItems: { [this.name]: { Keys } } });
    const rows = (Responses?.[this.name] ?? []) as LimitRow[];
    return new Map(rows.map(({ limit_key: key = '', expires_at: at = 0 }) => [key, at]));
  }

  /** The row afterwards, or, where the condition does not hold, as it is. */
  private async update(
    limitKey: string,
    expressions: Omit<Parameters<Database['update']>[0], 'TableName' | 'Key'>,
  ): Promise<{ row: LimitRow; isRefused: boolean }> {
    try {
      const { Attributes = {} } = await this.database.update({
        TableName: this.name,
        Key: { limit_key: limitKey },
        ...expressions,
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return { row: Attributes as LimitRow, isRefused: false };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { row: error.Item ? (unmarshall(error.Item) as LimitRow) : {}, isRefused: true };
    }
  }
}
