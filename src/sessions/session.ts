import { type SignIn, signInReference } from '../common/sign-in.js';
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
  /** When the token of the older backend was issued that became this session; Unix seconds. */
  readonly tokenIssuedAt?: number | undefined;
}

/** Whether the id is that of a session which a token of the older backend became: only those are made from names. */
export function standsForToken(sessionId: string): boolean {
  return sessionId[14] === '5';
}

/** Whether a text can be the id of a session. What can be none is not looked up: DynamoDB refuses an empty or long key. */
export function isSessionId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Whether the session has not ended, as far as the account decides. */
export function isCurrentGeneration(
  session: Pick<Session, 'sessionId' | 'generation'>,
  account: AccountState,
): boolean {
  return session.generation >= account.generation || account.keptSignIn === session.sessionId;
}

/**
 * Whether a sign-in has not ended.
 *
 * @param session of the sign-in, if it has one and it is there
 * @param now Unix seconds
 */
export function hasNotEnded(
  signIn: SignIn,
  account: AccountState,
  session: Session | undefined,
  now: number,
): boolean {
  if (signIn.sessionId === undefined) {
    return signIn.issuedAt >= account.tokensValidFrom || account.keptSignIn === signInReference(signIn);
  }
  return (
    session?.userId === signIn.userId && session.expiresAt > now && isCurrentGeneration(session, account)
  );
}
