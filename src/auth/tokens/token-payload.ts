import { isAccountKey } from '../../users/user.row.js';

/** Claims of an access token. Tokens of the older backend have only `user_id`, `iat` and `exp`. */
export interface TokenPayload {
  /** The claim that the older backend reads. */
  readonly user_id: string;
  /** The same value (RFC 7519 §4.1.2). */
  readonly sub?: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  /** Id of the session. */
  readonly jti?: string;
}

/** Maximum clock skew of another machine, in seconds. It does not extend the expiry. */
const CLOCK_SKEW_SECONDS = 60;

/** Maximum size of a DynamoDB partition key. DynamoDB refuses a read with a longer one. */
const LONGEST_USER_ID_BYTES = 2048;

/**
 * Whether verified claims are those of an access token that is valid at `now`. Signature, algorithm and expiry are
 * checked before. This checks what `jsonwebtoken` does not: that there is an expiry, that the token is not issued or
 * first valid in the future (RFC 8725 §3.10, RFC 7519 §4.1), and that its user id can be one. `isSessionId` checks
 * session ids.
 *
 * @param now Unix seconds
 */
export function isAccessToken(claims: unknown, now: number): claims is TokenPayload {
  if (typeof claims !== 'object' || claims === null) return false;
  const { user_id, iat, exp, nbf, jti } = claims as Record<string, unknown>;
  const latest = now + CLOCK_SKEW_SECONDS;
  return (
    typeof user_id === 'string' &&
    user_id !== '' &&
    // An unpaired surrogate has no UTF-8 form, which DynamoDB requires.
    user_id.isWellFormed() &&
    Buffer.byteLength(user_id) <= LONGEST_USER_ID_BYTES &&
    isAccountKey(user_id) &&
    isDate(exp) &&
    isDate(iat) &&
    (jti === undefined || typeof jti === 'string') &&
    iat <= latest &&
    (nbf === undefined || (isDate(nbf) && nbf <= latest))
  );
}

/** Whole seconds: `1e400` in JSON is Infinity and would never expire. */
function isDate(claim: unknown): claim is number {
  return Number.isSafeInteger(claim);
}

/**
 * Whether header and payload of a token can be parsed. The payload must be an object: `jsonwebtoken` throws for a
 * signed `null`, which would look like a defect. A header with `crit` names extensions that must be understood, and
 * none is supported here (RFC 7515 §4.1.11).
 */
export function isReadable(token: string): boolean {
  const [header, payload] = token.split('.', 2).map(partOf);
  return header !== undefined && payload !== undefined && !('crit' in header);
}

function partOf(encoded: string): object | undefined {
  try {
    const part: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString());
    return typeof part === 'object' && part !== null ? part : undefined;
  } catch {
    return undefined;
  }
}
