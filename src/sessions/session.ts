import { type SignIn, signInReference } from '../common/sign-in.js';
import type { AccountState } from '../users/user.js';

/** Lifetime of a token and its session; seconds. */
export const SESSION_SECONDS = 30 * 24 * 60 * 60;

/** A signed-in device. Its id is the token's `jti`. */
export interface Session {
  readonly sessionId: string;
  readonly userId: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Unix seconds, with a precision of one hour. */
  readonly lastUsedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Readable name of the device. */
  readonly device: string;
  /** Generation of the account at creation, see {@link AccountState}. */
  readonly generation: number;
  /** When the token of the older backend that became this session was issued; Unix seconds. */
  readonly tokenIssuedAt?: number | undefined;
}

/** Whether a session was created from a token of the older backend: only those have name-based ids. */
export function standsForToken(sessionId: string): boolean {
  return sessionId[14] === '5';
}

/** Whether a text can be the id of a session. Other texts are not looked up: DynamoDB refuses an empty or long key. */
export function isSessionId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Whether the session has not ended according to the account. */
export function isCurrentGeneration(
  session: Pick<Session, 'sessionId' | 'generation'>,
  account: AccountState,
): boolean {
  return session.generation >= account.generation || account.keptSignIn === session.sessionId;
}

/**
 * Whether a sign-in has not ended.
 *
 * @param session of the sign-in, if it has one and the row exists
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
