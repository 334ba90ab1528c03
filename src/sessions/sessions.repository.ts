import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { batchGetAll } from '../database/batches.js';
import { Database } from '../database/database.js';
import { USER_SESSIONS_INDEX } from '../database/tables.js';
import type { Session } from './session.js';

type SessionKey = { session_id: string };

interface SessionRow extends SessionKey {
  user_id: string;
  created_at: number;
  last_used_at: number;
  /** DynamoDB deletes the row some time after this. */
  expires_at: number;
  device: string;
  generation: number;
}

/** Sessions to a page where all of them are walked. */
const PAGE = 50;

const BELONGS_TO_OWNER = 'user_id = :owner';

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

  /** Writes a new session; its id is random. Costs 2 write units. */
  async create(session: Session): Promise<void> {
    await this.database.put({ TableName: this.table, Item: toRow(session) });
  }

  /** The session. Costs 1 read unit where `consistent`, half of one otherwise. */
  async findById(sessionId: string, consistent: boolean): Promise<Session | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: sessionKey(sessionId),
      ConsistentRead: consistent,
    });
    return Item && toSession(Item as SessionRow);
  }

  /**
   * The user's newest sessions, newest first, expired ones included. The index names them and consistent reads give
   * them, so that one just ended is not among them. Costs 1 read unit a session and a little for the index.
   */
  async listByUser(userId: string, limit: number): Promise<Session[]> {
    const { Items = [] } = await this.database.query({
      TableName: this.table,
      IndexName: USER_SESSIONS_INDEX,
      KeyConditionExpression: BELONGS_TO_OWNER,
      ExpressionAttributeValues: { ':owner': userId },
      ProjectionExpression: 'session_id',
      ScanIndexForward: false,
      Limit: limit,
    });
    const keys = (Items as SessionKey[]).map(({ session_id }) => sessionKey(session_id));
    const rows = await batchGetAll<SessionRow>(this.database, this.table, keys);
    return rows.map(toSession).sort((a, b) => b.createdAt - a.createdAt);
  }

  /** Notes a use. Does nothing where the session has ended. Costs 1 write unit. */
  async touch(sessionId: string, lastUsedAt: number): Promise<void> {
    await this.updateExisting(sessionId, 'SET last_used_at = :now', { ':now': lastUsedAt });
  }

  /**
   * Moves the end of a session. Costs 1 write unit.
   *
   * @returns whether there was one
   */
  async extend(sessionId: string, lastUsedAt: number, expiresAt: number): Promise<boolean> {
    return this.updateExisting(sessionId, 'SET last_used_at = :now, expires_at = :end', {
      ':now': lastUsedAt,
      ':end': expiresAt,
    });
  }

  /**
   * Ends a session if it is the user's. Costs 2 write units.
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
      // Gone after a repeated try: the first one did it, and only its answer was lost.
      return error.Item === undefined && (error.$metadata.attempts ?? 1) > 1;
    }
  }

  /** The ids of all sessions of the user, page by page. */
  async *idsByUser(userId: string): AsyncGenerator<string[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.database.query({
        TableName: this.table,
        IndexName: USER_SESSIONS_INDEX,
        KeyConditionExpression: BELONGS_TO_OWNER,
        ExpressionAttributeValues: { ':owner': userId },
        ProjectionExpression: 'session_id',
        Limit: PAGE,
        ExclusiveStartKey: start,
      });
      yield (Items as SessionKey[]).map(({ session_id }) => session_id);
      start = LastEvaluatedKey;
    } while (start !== undefined);
  }

  private async updateExisting(
    sessionId: string,
    expression: string,
    values: Record<string, number>,
  ): Promise<boolean> {
    try {
      await this.database.update({
        TableName: this.table,
        Key: sessionKey(sessionId),
        UpdateExpression: expression,
        // Without it an update would bring an ended session back as a row of two attributes.
        ConditionExpression: 'attribute_exists(session_id)',
        ExpressionAttributeValues: values,
      });
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

function sessionKey(sessionId: string): SessionKey {
  return { session_id: sessionId };
}

function toSession(row: SessionRow): Session {
  return {
    sessionId: row.session_id,
    userId: row.user_id,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    device: row.device,
    generation: row.generation,
  };
}

function toRow(session: Session): SessionRow {
  return {
    ...sessionKey(session.sessionId),
    user_id: session.userId,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    expires_at: session.expiresAt,
    device: session.device,
    generation: session.generation,
  };
}
