import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { cancellationCodes } from '../database/database-errors.js';
import { sendWithRetry } from '../database/retry.js';
import { WholeTables } from '../database/table-scan.js';
import { emailClaimKey, type EmailClaimRow, emailClaimRow } from '../users/email-claim.js';

const REFUSED = 'ConditionalCheckFailed';

/** The result of an email claim: `taken` by another account, or the account is `gone` or changed. */
export type ClaimOutcome = 'claimed' | 'taken' | 'gone';

/** The reads and writes of the takeover. Throttled calls are retried for half a minute. */
export class TakeoverRepository extends WholeTables {
  /**
   * The ids of the accounts that have claimed these emails, consistently read. Costs 1 read unit an email.
   *
   * @param emails at most 100, normalised
   */
  async claimOwners(table: string, emails: readonly string[]): Promise<Map<string, unknown>> {
    const keys = [...new Set(emails)].map(emailClaimKey);
    const rows = (await this.rowsByKey(table, keys)) as readonly unknown[] as readonly EmailClaimRow[];
    const owners = new Map<string, unknown>(rows.map((row) => [row.user_id, row.owner_id]));
    return new Map(
      emails.flatMap((email) => {
        const { user_id: key } = emailClaimKey(email);
        return owners.has(key) ? [[email, owners.get(key)] as const] : [];
      }),
    );
  }

  /**
   * Writes a claim, if the account is unchanged since it was read: a claim of an account that was deleted meanwhile
   * would block its email for ever. Can be repeated. Costs 4 write units.
   */
  async claim(table: string, email: string, userId: string): Promise<ClaimOutcome> {
    try {
      await sendWithRetry(() =>
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
                  Item: emailClaimRow(email, userId),
                  ConditionExpression: 'attribute_not_exists(user_id) OR owner_id = :owner',
                  ExpressionAttributeValues: { ':owner': userId },
                },
              },
            ],
          }),
        ),
      );
      return 'claimed';
    } catch (error) {
      const [account, claim] = cancellationCodes(error);
      if (account === REFUSED) return 'gone';
      if (claim === REFUSED) return 'taken';
      throw error;
    }
  }
}
