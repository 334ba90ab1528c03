import { setTimeout as sleep } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { AppConfig } from '../config/config.js';
import { cancellationCodes } from '../database/database-errors.js';
import { Database } from '../database/database.js';
import { EMAIL_INDEX } from '../database/tables.js';
import { reservationKey, type ReservationRow, reservationRow } from './reservation.js';
import type { NewUser, User } from './user.js';
import { toRow, toUser, type UserKey, userKey, type UserRow } from './user.row.js';

/** What ends the tokens of an account; see `AccountState`. */
export interface GenerationRaise {
  /** The sign-in that goes on. */
  readonly keptSignIn: string;
  /** Unix seconds. */
  readonly tokensValidFrom: number;
}

const RAISE_GENERATION = 'ADD session_generation :one SET kept_sign_in = :kept, tokens_valid_from = :from';

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

  /** The account, or `undefined`. Costs 1 read unit where `consistent`, half of one otherwise. */
  async findById(userId: string, consistent = true): Promise<User | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: userKey(userId),
      ConsistentRead: consistent,
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
  async create(user: NewUser): Promise<boolean> {
    const items: (UserRow | ReservationRow)[] = [toRow(user), reservationRow(user.email, user.userId)];
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

  /**
   * Ends the tokens of an account but one. Costs 2 write units.
   *
   * @returns the account as it is now; `undefined` where there is none
   */
  async raiseGeneration(userId: string, raise: GenerationRaise): Promise<User | undefined> {
    return this.updateExisting(userId, RAISE_GENERATION, raiseValues(raise));
  }

  /**
   * Ends a token without a session: together with those issued before it, or, where they have ended already and it was
   * kept, alone. Costs 2 write units, or 3.
   *
   * @param reference names the token, see `signInReference`
   * @returns the account as it is now; `undefined` where the token had ended
   */
  async endToken(userId: string, issuedAt: number, reference: string): Promise<User | undefined> {
    const raised = await this.updateExisting(
      userId,
      'SET tokens_valid_from = :from',
      { ':from': issuedAt + 1 },
      // Never back: that would revive what a password change has ended.
      'attribute_exists(user_id) AND (attribute_not_exists(tokens_valid_from) OR tokens_valid_from < :from)',
    );
    return (
      raised ??
      this.updateExisting(userId, 'REMOVE kept_sign_in', { ':kept': reference }, 'kept_sign_in = :kept')
    );
  }

  /**
   * Puts one hash in the place of another and, with `raise`, ends the tokens of the account but one, in one write.
   * Costs 2 write units.
   *
   * @returns the account as it is now; `undefined` where the hash is no longer `oldHash`
   */
  async replacePasswordHash(
    userId: string,
    oldHash: string,
    newHash: string,
    raise?: GenerationRaise,
  ): Promise<User | undefined> {
    const set = 'password_hash = :new';
    return this.updateExisting(
      userId,
      raise ? `${RAISE_GENERATION}, ${set}` : `SET ${set}`,
      { ':new': newHash, ':old': oldHash, ...(raise && raiseValues(raise)) },
      'password_hash = :old',
    );
  }

  /**
   * Deletes the account and the reservation of its email in one transaction, so that neither is ever there alone.
   * Succeeds where they are gone already. Costs 5 write units.
   */
  async delete({ userId, email }: Pick<User, 'userId' | 'email'>): Promise<void> {
    const user = { Delete: { TableName: this.table, Key: userKey(userId) } };
    try {
      await this.database.transactWrite({
        TransactItems: [
          user,
          {
            Delete: {
              TableName: this.table,
              Key: reservationKey(email),
              ConditionExpression: 'attribute_not_exists(user_id) OR owner_id = :owner',
              ExpressionAttributeValues: { ':owner': userId },
            },
          },
        ],
      });
    } catch (error) {
      // The email is reserved for somebody else: an account of the older backend that shared it with another one.
      if (!cancellationCodes(error).includes('ConditionalCheckFailed')) throw error;
      await this.database.delete(user.Delete);
    }
  }

  private async updateExisting(
    userId: string,
    expression: string,
    values: Record<string, string | number>,
    condition = 'attribute_exists(user_id)',
  ): Promise<User | undefined> {
    try {
      const { Attributes } = await this.database.update({
        TableName: this.table,
        Key: userKey(userId),
        UpdateExpression: expression,
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return toUser(Attributes as UserRow);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const row = error.Item && (unmarshall(error.Item) as UserRow);
      // Done already by a first try of which only the answer was lost.
      return row && row.password_hash === values[':new'] ? toUser(row) : undefined;
    }
  }
}

function raiseValues({ keptSignIn, tokensValidFrom }: GenerationRaise) {
  return { ':one': 1, ':kept': keptSignIn, ':from': tokensValidFrom };
}

function isConflict(error: unknown): boolean {
  return error instanceof UnavailableError && cancellationCodes(error.cause).includes('TransactionConflict');
}
