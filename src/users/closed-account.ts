const PREFIX = 'closed#';

/**
 * What is left of an account that was deleted, until its delayed sweep: upload URLs outlive it by some minutes, and so may
 * requests that were under way. It lives in the users table, so that one transaction writes it and deletes the account,
 * and has no `email` attribute, so that it is not in the index.
 */
export interface ClosedAccountRow {
  readonly user_id: string;
  /** Unix seconds. */
  readonly closed_at: number;
}

/** An account that was deleted and is not yet swept. */
export interface ClosedAccount {
  readonly userId: string;
  /** Unix seconds. */
  readonly closedAt: number;
}

/** Partition key of what is left of an account. */
export function closedAccountKey(userId: string): { user_id: string } {
  return { user_id: PREFIX + userId };
}

export function closedAccountRow({ userId, closedAt }: ClosedAccount): ClosedAccountRow {
  return { ...closedAccountKey(userId), closed_at: closedAt };
}

/** `undefined` for a row that is something else. */
export function toClosedAccount(row: Readonly<Record<string, unknown>>): ClosedAccount | undefined {
  const { user_id: key, closed_at: closedAt } = row;
  if (typeof key !== 'string' || !key.startsWith(PREFIX) || typeof closedAt !== 'number') return undefined;
  return { userId: key.slice(PREFIX.length), closedAt };
}

/** Whether a partition key of the users table is that of such a row. */
export function isClosedAccountKey(userId: unknown): boolean {
  return typeof userId === 'string' && userId.startsWith(PREFIX);
}
