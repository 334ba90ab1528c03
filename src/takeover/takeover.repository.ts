import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { cancellationCodes } from '../database/database-errors.js';
import { patiently } from '../database/patience.js';
import { WholeTables } from '../database/whole-tables.js';
import { reservationKey, type ReservationRow, reservationRow } from '../users/reservation.js';

const REFUSED = 'ConditionalCheckFailed';

/** How an attempt to reserve an email ended: `taken` by another account, or the account is `gone` or changed. */
export type ReserveOutcome = 'reserved' | 'taken' | 'gone';

/** What the takeover reads and writes. Throttled calls are repeated for half a minute. */
export class TakeoverRepository extends WholeTables {
  /**
   * The ids of the accounts that hold these emails, as many as have a reservation, consistently read. Costs 1 read unit
   * an email.
   *
   * @param emails at most 100, normalised
   */
  async reservationOwners(table: string, emails: readonly string[]): Promise<Map<string, unknown>> {
    const keys = [...new Set(emails)].map(reservationKey);
    const rows = (await this.rowsByKey(table, keys)) as readonly unknown[] as readonly ReservationRow[];
    const owners = new Map<string, unknown>(rows.map((row) => [row.user_id, row.owner_id]));
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
