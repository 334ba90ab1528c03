import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { toIso } from '../common/time.js';
import { AppConfig } from '../config/config.js';
import { cancellationCodes } from '../database/database-errors.js';
import { Database } from '../database/database.js';
import { EMAIL_INDEX } from '../database/tables.js';
import type { User } from './user.js';

type UserKey = { user_id: string };

interface UserRow extends UserKey {
  email: string;
  password_hash: string;
  key_salt: string;
  created_at: number;
  created_at_iso: string;
}

/**
 * Holds an email for its owner. It lives in the users table, so that one transaction writes both, and has no `email`
 * attribute, so that it is not in the index.
 */
interface ReservationRow extends UserKey {
  owner_id: string;
}

const IS_NEW = 'attribute_not_exists(user_id)';

/** How often a transaction that collided with another one is tried again, and the longest pause before a try. */
const CONFLICT_RETRIES = 6;
const CONFLICT_PAUSE_MS = 40;

/** Accounts in DynamoDB. */
@Injectable()
export class UsersRepository {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.table = config.tables.users;
  }

  /** The account, consistently read, or `undefined`. Costs 1 read unit. */
  async findById(userId: string): Promise<User | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: userKey(userId),
      ConsistentRead: true,
    });
    return Item && toUser(Item as UserRow);
  }

  /**
   * The id of the account with this email as far as the index knows; it lags behind writes by moments. Finds accounts
   * of the older backend, which have no reservation. Costs 0.5 read units.
   */
  async findIdInEmailIndex(email: string): Promise<string | undefined> {
    const { Items } = await this.database.query({
      TableName: this.table,
      IndexName: EMAIL_INDEX,
      KeyConditionExpression: 'email = :email',
      ExpressionAttributeValues: { ':email': email },
      ProjectionExpression: 'user_id',
      Limit: 1,
    });
    return (Items?.[0] as UserKey | undefined)?.user_id;
  }

  /** The id of the account that reserved this email, consistently read. Costs 1 read unit. */
  async findIdByReservation(email: string): Promise<string | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: reservationKey(email),
      ConsistentRead: true,
    });
    return (Item as ReservationRow | undefined)?.owner_id;
  }

  /**
   * Writes the account and the reservation of its email in one transaction. Costs 5 write units.
   *
   * @returns whether it was written; `false` where the email is reserved already
   * @throws UnavailableError where other writers of the same email kept it from a decision
   */
  async create(user: User): Promise<boolean> {
    const items: (UserRow | ReservationRow)[] = [
      toRow(user),
      { ...reservationKey(user.email), owner_id: user.userId },
    ];
    for (let attempt = 0; ; attempt++) {
      try {
        await this.database.transactWrite({
          TransactItems: items.map((Item) => ({
            Put: { TableName: this.table, Item, ConditionExpression: IS_NEW },
          })),
        });
        return true;
      } catch (error) {
        if (cancellationCodes(error).includes('ConditionalCheckFailed')) return false;
        if (attempt === CONFLICT_RETRIES || !isConflict(error)) throw error;
      }
      // Whoever it collided with has the email now, or failed too; the next try tells.
      await sleep(Math.random() * CONFLICT_PAUSE_MS);
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof UnavailableError && cancellationCodes(error.cause).includes('TransactionConflict');
}

function userKey(userId: string): UserKey {
  return { user_id: userId };
}

function reservationKey(email: string): UserKey {
  return { user_id: `email#${email}` };
}

function toUser(row: UserRow): User {
  return {
    userId: row.user_id,
    email: row.email,
    passwordHash: row.password_hash,
    keySalt: Buffer.from(row.key_salt, 'base64'),
    createdAt: Math.floor(row.created_at),
  };
}

function toRow(user: User): UserRow {
  return {
    ...userKey(user.userId),
    email: user.email,
    password_hash: user.passwordHash,
    key_salt: user.keySalt.toString('base64'),
    created_at: user.createdAt,
    created_at_iso: toIso(user.createdAt),
  };
}
