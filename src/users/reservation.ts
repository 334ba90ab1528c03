const PREFIX = 'email#';

/**
 * Holds an email for its owner. It lives in the users table, so that one transaction writes both, and has no `email`
 * attribute, so that it is not in the index.
 */
export interface ReservationRow {
  readonly user_id: string;
  readonly owner_id: string;
}

/** Partition key of the reservation of a normalised email. */
export function reservationKey(email: string): { user_id: string } {
  return { user_id: PREFIX + email };
}

export function reservationRow(email: string, ownerId: string): ReservationRow {
  return { ...reservationKey(email), owner_id: ownerId };
}

/** Whether a partition key of the users table is that of a reservation. */
export function isReservationKey(userId: unknown): boolean {
  return typeof userId === 'string' && userId.startsWith(PREFIX);
}
