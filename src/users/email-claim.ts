const PREFIX = 'email#';

/**
 * Claims an email for its owner. It is in the users table, so that one transaction writes both. It has no `email`
 * attribute, so that it is not in the index.
 */
export interface EmailClaimRow {
  readonly user_id: string;
  readonly owner_id: string;
}

/** Partition key of the claim of a normalised email. */
export function emailClaimKey(email: string): { user_id: string } {
  return { user_id: PREFIX + email };
}

export function emailClaimRow(email: string, ownerId: string): EmailClaimRow {
  return { ...emailClaimKey(email), owner_id: ownerId };
}

/** Whether a partition key of the users table is that of a claim. */
export function isEmailClaimKey(userId: unknown): boolean {
  return typeof userId === 'string' && userId.startsWith(PREFIX);
}
