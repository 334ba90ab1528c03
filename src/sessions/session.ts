import type { AccountState } from '../users/user.js';

/** How long a token, and the session behind it, is valid; seconds. */
export const SESSION_SECONDS = 30 * 24 * 60 * 60;

/** A signed-in device. The token's `jti` is its id. */
export interface Session {
  readonly sessionId: string;
  readonly userId: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Unix seconds, true to the hour. */
  readonly lastUsedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Readable name of the device. */
  readonly device: string;
  /** Generation of the account that it was made in; see {@link AccountState}. */
  readonly generation: number;
}

/** Who is signed in and by what: a session, or a token of the older backend, which has none. */
export interface SignIn {
  readonly userId: string;
  readonly sessionId: string | undefined;
  /** When the token was issued; Unix seconds. */
  readonly issuedAt: number;
}

/** Names a sign-in within its account. */
export function signInReference({ sessionId, issuedAt }: Pick<SignIn, 'sessionId' | 'issuedAt'>): string {
  return sessionId ?? `iat:${issuedAt}`;
}

/** Whether the session has not ended, as far as the account decides. */
export function isCurrentGeneration(
  session: Pick<Session, 'sessionId' | 'generation'>,
  account: AccountState,
): boolean {
  return session.generation >= account.generation || account.keptSignIn === session.sessionId;
}
