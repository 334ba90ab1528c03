import type { Session } from './session.js';

export type SessionKey = { session_id: string };

/** A row as it is stored. */
export interface SessionRow extends SessionKey {
  user_id: string;
  created_at: number;
  last_used_at: number;
  /** DynamoDB deletes the row some time after this. */
  expires_at: number;
  device: string;
  generation: number;
  /** Only for a session that was created from a token of the older backend. */
  token_issued_at?: number;
}

export function sessionKey(sessionId: string): SessionKey {
  return { session_id: sessionId };
}

export function toSession(row: SessionRow): Session {
  return {
    sessionId: row.session_id,
    userId: row.user_id,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    device: row.device,
    generation: row.generation,
    tokenIssuedAt: row.token_issued_at,
  };
}

export function toRow(session: Session): SessionRow {
  return {
    ...sessionKey(session.sessionId),
    user_id: session.userId,
    created_at: session.createdAt,
    last_used_at: session.lastUsedAt,
    expires_at: session.expiresAt,
    device: session.device,
    generation: session.generation,
    ...(session.tokenIssuedAt !== undefined && { token_issued_at: session.tokenIssuedAt }),
  };
}
