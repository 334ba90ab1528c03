import { toIso } from '../common/time.js';
import { isClosedAccountKey } from './closed-account.js';
import { isEmailClaimKey } from './email-claim.js';
import type { NewUser, User } from './user.js';

export type UserKey = { user_id: string };

/** A row as it is stored. Rows of the older backend have the attributes up to `created_at_iso`. */
export interface UserRow extends UserKey {
  email: string;
  password_hash: string;
  key_salt: string;
  created_at: number;
  created_at_iso: string;
  /** Only for accounts that were registered with an idempotency key. */
  registration_key?: string;
  /** The following are absent until the generation is raised for the first time, see `AccountState`. */
  session_generation?: number;
  kept_sign_in?: string;
  tokens_valid_from?: number;
  /** Only for an account that is being deleted. */
  closing_at?: number;
}

export function userKey(userId: string): UserKey {
  return { user_id: userId };
}

/** Whether a partition key of the users table is that of an account, and not of another kind of row. */
export function isAccountKey(userId: unknown): boolean {
  return typeof userId === 'string' && !isEmailClaimKey(userId) && !isClosedAccountKey(userId);
}

/** ISO texts of the older backend have no offset and are never read. */
export function toUser(row: UserRow): User {
  return {
    userId: row.user_id,
    email: row.email,
    passwordHash: row.password_hash,
    keySalt: Buffer.from(row.key_salt, 'base64'),
    createdAt: Math.floor(row.created_at),
    registrationKey: row.registration_key,
    generation: row.session_generation ?? 0,
    keptSignIn: row.kept_sign_in,
    tokensValidFrom: row.tokens_valid_from ?? 0,
    closingAt: row.closing_at,
  };
}

export function toRow(user: NewUser): UserRow {
  return {
    ...userKey(user.userId),
    email: user.email,
    password_hash: user.passwordHash,
    key_salt: user.keySalt.toString('base64'),
    created_at: user.createdAt,
    created_at_iso: toIso(user.createdAt),
    ...(user.registrationKey !== undefined && { registration_key: user.registrationKey }),
  };
}
