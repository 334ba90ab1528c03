import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { batchGetAcross } from '../database/batches.js';
import { Database } from '../database/database.js';
import { isConditionFailure, retryConflicts } from '../database/transactions.js';
import { proofCondition, type SignInProof } from '../users/sign-in-proof.js';
import type { User } from '../users/user.js';
import { toUser, userKey, type UserRow } from '../users/user.row.js';
import type { Session } from './session.js';
import { sessionKey, type SessionRow, toRow, toSession } from './session.row.js';

/** The rows of a sign-in. */
export interface SignInState {
  readonly account: User | undefined;
  readonly session: Session | undefined;
}

/** Reads and writes accounts and sessions together, where both decide. */
@Injectable()
export class SignInsRepository {
  constructor(
    private readonly database: Database,
    private readonly config: AppConfig,
  ) {}

  /** The account and the session, consistently read in one call. Costs 2 read units, or 1 without a session. */
  async find(userId: string, sessionId: string | undefined): Promise<SignInState> {
    const { users, sessions } = this.config.tables;
    const [account, session] = await batchGetAcross(this.database, [
      { table: users, key: userKey(userId) },
      ...(sessionId === undefined ? [] : [{ table: sessions, key: sessionKey(sessionId) }]),
    ]);
    return {
      account: account && toUser(account as unknown as UserRow),
      session: session && toSession(session as unknown as SessionRow),
    };
  }

  /**
   * Writes the session that a token of the older backend becomes, if the token has not ended. It is one transaction
   * with the account, because a concurrent request that ends the token may just be removing the session. Costs 5 write
   * units.
   *
   * @returns whether it was written; `false` if the token had ended, or the session exists
   * @throws UnavailableError if conflicts with other writers prevented a result
   */
  async createFromToken(session: Session, proof: SignInProof): Promise<boolean> {
    const { users, sessions } = this.config.tables;
    const { expression, values } = proofCondition(proof);
    try {
      await retryConflicts(() =>
        this.database.transactWrite({
          TransactItems: [
            {
              Put: {
                TableName: sessions,
                Item: toRow(session),
                ConditionExpression: 'attribute_not_exists(session_id)',
              },
            },
            {
              ConditionCheck: {
                TableName: users,
                Key: userKey(session.userId),
                ConditionExpression: expression,
                ExpressionAttributeValues: values,
              },
            },
          ],
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }
}
