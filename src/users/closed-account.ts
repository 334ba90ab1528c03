const PREFIX = 'closed#';

/**
 * The row that remains of a deleted account until its sweep: upload URLs remain valid for some minutes, and requests
 * may still be running. It is in the users table, so that one transaction writes it and deletes the account. It has no
 * `email` attribute, so that it is not in the index.
 */
export interface ClosedAccountRow {
  readonly user_id: string;
  /** Unix seconds. */
  readonly closed_at: number;
}

/** An account that was deleted and not yet swept. */
export interface ClosedAccount {
  readonly userId: string;
  /** Unix seconds. */
  readonly closedAt: number;
}

/** Partition key of the row of a deleted account. */
export function closedAccountKey(userId: string): { user_id: string } {
  return { user_id: PREFIX + userId };
}

export function closedAccountRow({ userId, closedAt }: ClosedAccount): ClosedAccountRow {
  return { ...closedAccountKey(userId), closed_at: closedAt };
}

/** `undefined` for any other row. */
export function toClosedAccount(row: Readonly<Record<string, unknown>>): ClosedAccount | undefined {
  const { user_id: key, closed_at: closedAt } = row;
  if (typeof key !== 'string' || !key.startsWith(PREFIX) || typeof closedAt !== 'number') return undefined;
  return { userId: key.slice(PREFIX.length), closedAt };
}

/** Whether a partition key of the users table is that of such a row. */
export function isClosedAccountKey(userId: unknown): boolean {
  return typeof userId === 'string' && userId.startsWith(PREFIX);
}
