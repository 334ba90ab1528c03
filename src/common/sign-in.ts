import { v5 as uuidV5 } from 'uuid';

/** Namespace for the ids of sessions that replace tokens of the older backend (RFC 9562 §5.5). */
const TOKEN_NAMESPACE = '0b0f5a5e-5d5c-5c1e-8f3a-7c2f6f0d9a41';

/** The signed-in user and the sign-in: a session, or a token of the older backend, which has no session. */
export interface SignIn {
  readonly userId: string;
  readonly sessionId: string | undefined;
  /** When the token was issued; Unix seconds. */
  readonly issuedAt: number;
}

/**
 * Identifies a sign-in within its account: the id of its session. A token of the older backend is identified by the id
 * of the session that it becomes when it is renewed. Both are one sign-in, and renewing it again creates no other
 * session.
 */
export function signInReference({ userId, sessionId, issuedAt }: SignIn): string {
  return sessionId ?? uuidV5(JSON.stringify([userId, issuedAt]), TOKEN_NAMESPACE);
}
