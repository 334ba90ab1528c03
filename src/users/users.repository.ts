import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { Database } from '../database/database.js';
import { EMAIL_INDEX } from '../database/tables.js';
import { isConditionFailure, retryConflicts } from '../database/transactions.js';
import { closedAccountRow } from './closed-account.js';
import { emailClaimKey, type EmailClaimRow, emailClaimRow } from './email-claim.js';
import { proofCondition, type SignInProof } from './sign-in-proof.js';
import type { NewUser, PasswordChange, User } from './user.js';
import { toRow, toUser, type UserKey, userKey, type UserRow } from './user.row.js';

/** Ends the tokens of an account, see `AccountState`. */
export interface GenerationRaise {
  /** The sign-in to keep. */
  readonly keptSignIn: string;
  /** Unix seconds. */
  readonly tokensValidFrom: number;
}

const RAISE_GENERATION = 'ADD session_generation :one SET kept_sign_in = :kept, tokens_valid_from = :from';

const IS_NEW = 'attribute_not_exists(user_id)';

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

  /** The account, or `undefined`. Costs 1 read unit if `consistent`, and half of one otherwise. */
  async findById(userId: string, consistent = true): Promise<User | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: userKey(userId),
      ConsistentRead: consistent,
    });
    return Item && toUser(Item as UserRow);
  }

  /**
   * The id of the account with this email according to the index, which is eventually consistent. Finds accounts of the
   * older backend, which have no claim. Costs 0.5 read units.
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

  /** The id of the account that claimed this email, consistently read. Costs 1 read unit. */
  async findIdByEmailClaim(email: string): Promise<string | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: emailClaimKey(email),
      ConsistentRead: true,
    });
    return (Item as EmailClaimRow | undefined)?.owner_id;
  }

  /**
   * Writes the account and its email claim in one transaction. Costs 5 write units, and 2 read units if there is
   * another form to check.
   *
   * @param otherForm of its email, which must not be claimed either: an account that has it may be too new for the
   *   index
   * @returns whether it was written; `false` if the email is claimed already
   * @throws UnavailableError if conflicts with other writers of the same email prevented a result
   */
  async create(user: NewUser, otherForm = user.email): Promise<boolean> {
    const items: (UserRow | EmailClaimRow)[] = [toRow(user), emailClaimRow(user.email, user.userId)];
    const puts = items.map((Item) => ({
      Put: { TableName: this.table, Item, ConditionExpression: IS_NEW },
    }));
    const other = {
      ConditionCheck: {
        TableName: this.table,
        Key: emailClaimKey(otherForm),
        ConditionExpression: IS_NEW,
      },
    };
    const TransactItems = otherForm === user.email ? puts : [...puts, other];
    try {
      await retryConflicts(() => this.database.transactWrite({ TransactItems }));
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }

  /**
   * Ends all sign-ins of an account except one. Costs 2 write units.
   *
   * @returns the account as it is now; `undefined` if the caller's own sign-in had ended
   */
  async raiseGeneration(proof: SignInProof, raise: GenerationRaise): Promise<User | undefined> {
    const { expression, values } = proofCondition(proof);
    const all = { ...values, ...raiseValues(raise) };
    return (await this.updateIf(proof.userId, RAISE_GENERATION, expression, all)).written;
  }

  /**
   * Closes the account for its deletion, which cannot be undone, and ends all its sign-ins except one, in one write.
   * Costs 2 write units.
   *
   * @param closingAt Unix seconds; an earlier value is kept
   * @returns the account as it is now; `undefined` if the sign-in had ended
   */
  async close(proof: SignInProof, raise: GenerationRaise, closingAt: number): Promise<User | undefined> {
    const { expression, values } = proofCondition(proof);
    const update = `${RAISE_GENERATION}, closing_at = if_not_exists(closing_at, :closing)`;
    const all = { ...values, ...raiseValues(raise), ':closing': closingAt };
    return (await this.updateIf(proof.userId, update, expression, all)).written;
  }

  /**
   * Ends a token without a session, together with those issued before it. If those have ended already and the token was
   * kept, ends only the token. Costs 2 write units, 3 or 4.
   *
   * @param reference identifies the token, see `signInReference`
   * @returns the account as it is now; `undefined` if there is none
   */
  async endToken(userId: string, issuedAt: number, reference: string): Promise<User | undefined> {
    const raised = await this.updateIf(
      userId,
      'SET tokens_valid_from = :from',
      // Never to an earlier time: that would revive tokens that a password change has ended.
      'attribute_exists(user_id) AND (attribute_not_exists(tokens_valid_from) OR tokens_valid_from < :from)',
      { ':from': issuedAt + 1 },
    );
    if (raised.written && raised.written.keptSignIn !== reference) return raised.written;
    const released = await this.updateIf(userId, 'REMOVE kept_sign_in', 'kept_sign_in = :kept', {
      ':kept': reference,
    });
    return released.written ?? raised.written ?? raised.there;
  }

  /**
   * Replaces a hash by another hash of the same password. Costs 2 write units.
   *
   * @returns the account as it is now; `undefined` if the stored hash is no longer `oldHash`
   */
  async replacePasswordHash(userId: string, oldHash: string, newHash: string): Promise<User | undefined> {
    const values = { ':new': newHash, ':old': oldHash };
    return (await this.updateIf(userId, 'SET password_hash = :new', 'password_hash = :old', values)).written;
  }

  /**
   * Stores the hash of another password and ends all sign-ins of the account except one, in one write. Costs 2 write
   * units.
   *
   * @param oldHash the hash that the current password was verified with
   */
  async changePassword(
    proof: SignInProof,
    raise: GenerationRaise,
    oldHash: string,
    newHash: string,
  ): Promise<PasswordChange> {
    const { expression, values } = proofCondition(proof);
    const { written, there } = await this.updateIf(
      proof.userId,
      `${RAISE_GENERATION}, password_hash = :new`,
      `${expression} AND password_hash = :old`,
      { ...values, ...raiseValues(raise), ':new': newHash, ':old': oldHash },
    );
    if (written) return { outcome: 'changed', account: written };
    if (!there || there.passwordHash === oldHash) return { outcome: 'sign-in-ended' };
    // Hashes are salted: an equal hash comes from an earlier attempt whose response was lost.
    if (there.passwordHash === newHash) return { outcome: 'changed', account: there };
    return { outcome: 'other-hash', passwordHash: there.passwordHash };
  }

  /**
   * Deletes a closed account and its email claim, and writes the row for the delayed sweep, in one transaction: none of
   * these happens alone. Succeeds if they are deleted already. Costs 7 write units.
   *
   * @param closedAt Unix seconds
   */
  async delete({ userId, email }: Pick<User, 'userId' | 'email'>, closedAt: number): Promise<void> {
    const always = [
      {
        Delete: {
          TableName: this.table,
          Key: userKey(userId),
          ConditionExpression: 'attribute_not_exists(user_id) OR attribute_exists(closing_at)',
        },
      },
      { Put: { TableName: this.table, Item: closedAccountRow({ userId, closedAt }) } },
    ];
    const claim = {
      Delete: {
        TableName: this.table,
        Key: emailClaimKey(email),
        ConditionExpression: 'attribute_not_exists(user_id) OR owner_id = :owner',
        ExpressionAttributeValues: { ':owner': userId },
      },
    };
    try {
      await retryConflicts(() => this.database.transactWrite({ TransactItems: [...always, claim] }));
    } catch (error) {
      // Another user has claimed the email: two accounts of the older backend shared it.
      if (!isConditionFailure(error)) throw error;
      await retryConflicts(() => this.database.transactWrite({ TransactItems: always }));
    }
  }

  private async updateIf(
    userId: string,
    update: string,
    condition: string,
    values: Record<string, string | number>,
  ): Promise<{ written?: User; there?: User }> {
    try {
      const { Attributes } = await this.database.update({
        TableName: this.table,
        Key: userKey(userId),
        UpdateExpression: update,
        ConditionExpression: condition,
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      return { written: toUser(Attributes as UserRow) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return error.Item ? { there: toUser(unmarshall(error.Item) as UserRow) } : {};
    }
  }
}

function raiseValues({ keptSignIn, tokensValidFrom }: GenerationRaise) {
  return { ':one': 1, ':kept': keptSignIn, ':from': tokensValidFrom };
}
