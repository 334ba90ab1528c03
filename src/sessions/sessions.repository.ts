import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { batchGetAll } from '../database/batches.js';
import { Database } from '../database/database.js';
import { USER_SESSIONS_INDEX } from '../database/tables.js';
import type { Session } from './session.js';
import { type SessionKey, sessionKey, type SessionRow, toRow, toSession } from './session.row.js';

/** Page size when all sessions are read; the limit of DynamoDB for reading rows by key. */
const PAGE = 100;

const BELONGS_TO_OWNER = 'user_id = :owner';

/** Extends a session that has not ended. */
export interface Extension {
  readonly sessionId: string;
  readonly userId: string;
  /** The session must have this generation or a later one. Absent for the session that was kept. */
  readonly generation?: number;
  /** Unix seconds. */
  readonly now: number;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** Sessions in DynamoDB. */
@Injectable()
export class SessionsRepository {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.table = config.tables.sessions;
  }

  /** Writes a new session with a random id. Costs 2 write units. */
  async create(session: Session): Promise<void> {
    await this.database.put({ TableName: this.table, Item: toRow(session) });
  }

  /** The session. Costs 1 read unit if `consistent`, and half of one otherwise. */
  async findById(sessionId: string, consistent: boolean): Promise<Session | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: sessionKey(sessionId),
      ConsistentRead: consistent,
    });
    return Item && toSession(Item as SessionRow);
  }

  /**
   * All sessions of the user, newest first, in pages, including expired ones and those that ended with their
   * generation. The ids come from the index and the rows from consistent reads, so that a session that has just ended
   * is not returned. Costs 1 read unit a session and a little for the index.
   */
  async *pagesByUser(userId: string): AsyncGenerator<Session[]> {
    for await (const ids of this.idsByUser(userId)) {
      const rows = await batchGetAll<SessionRow>(this.database, this.table, ids.map(sessionKey));
      yield rows.map(toSession).sort((a, b) => b.createdAt - a.createdAt);
    }
  }

  /** Stores the last use. Does nothing if the session has ended. Costs 1 write unit. */
  async touch(sessionId: string, lastUsedAt: number): Promise<void> {
    await this.updateExisting(sessionId, {
      update: 'SET last_used_at = :now',
      // Without it an update would create an ended session again, as a row of two attributes.
      condition: 'attribute_exists(session_id)',
      values: { ':now': lastUsedAt },
    });
  }

  /**
   * Extends a session. Costs 1 write unit.
   *
   * @returns the session as it is now; `undefined` if it has ended
   */
  async extend({ sessionId, userId, generation, now, expiresAt }: Extension): Promise<Session | undefined> {
    return this.updateExisting(sessionId, {
      update: 'SET last_used_at = :now, expires_at = :end',
      condition:
        `${BELONGS_TO_OWNER} AND expires_at > :now` +
        (generation === undefined ? '' : ' AND generation >= :generation'),
      values: {
        ':owner': userId,
        ':now': now,
        ':end': expiresAt,
        ...(generation !== undefined && { ':generation': generation }),
      },
    });
  }

  /**
   * Ends a session of the user. Costs 2 write units.
   *
   * @returns whether there was such a session
   */
  async delete(sessionId: string, userId: string): Promise<boolean> {
    try {
      await this.database.delete({
        TableName: this.table,
        Key: sessionKey(sessionId),
        ConditionExpression: BELONGS_TO_OWNER,
        ExpressionAttributeValues: { ':owner': userId },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // After a retry, no row means that the first attempt deleted it and only its response was lost.
      return error.Item === undefined && (error.$metadata.attempts ?? 1) > 1;
    }
  }

  /** The ids of all sessions of the user, newest first, in pages. */
  async *idsByUser(userId: string): AsyncGenerator<string[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.database.query({
        TableName: this.table,
        IndexName: USER_SESSIONS_INDEX,
        KeyConditionExpression: BELONGS_TO_OWNER,
        ExpressionAttributeValues: { ':owner': userId },
        ProjectionExpression: 'session_id',
        ScanIndexForward: false,
        Limit: PAGE,
        ExclusiveStartKey: start,
      });
      yield (Items as SessionKey[]).map(({ session_id }) => session_id);
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  private async updateExisting(
    sessionId: string,
    { update, condition, values }: { update: string; condition: string; values: Record<string, unknown> },
  ): Promise<Session | undefined> {
    try {
      const { Attributes } = await this.database.update({
        TableName: this.table,
        Key: sessionKey(sessionId),
        UpdateExpression: update,
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
      });
      return toSession(Attributes as SessionRow);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }
}
