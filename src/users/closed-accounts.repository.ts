import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { Database } from '../database/database.js';
import { type ClosedAccount, closedAccountKey, toClosedAccount } from './closed-account.js';

/** The rows of deleted accounts. `UsersRepository.delete` writes them. */
@Injectable()
export class ClosedAccountsRepository {
  private readonly table: string;

  constructor(
    private readonly database: Database,
    config: AppConfig,
  ) {
    this.table = config.tables.users;
  }

  /** Consistently read. Costs 1 read unit. */
  async findById(userId: string): Promise<ClosedAccount | undefined> {
    const { Item } = await this.database.get({
      TableName: this.table,
      Key: closedAccountKey(userId),
      ConsistentRead: true,
    });
    return Item && toClosedAccount(Item);
  }

  /** Deletes the row of a swept account. Does nothing if there is none. Costs 1 write unit. */
  async delete({ userId, closedAt }: ClosedAccount): Promise<void> {
    try {
      await this.database.delete({
        TableName: this.table,
        Key: closedAccountKey(userId),
        ConditionExpression: 'closed_at = :closed',
        ExpressionAttributeValues: { ':closed': closedAt },
      });
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
}
