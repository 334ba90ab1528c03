import { createHmac } from 'node:crypto';

/** Header and claims of a token, unverified. */
export function decodeToken(token: string): { header: unknown; claims: Record<string, unknown> } {
  const [header, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return {
    header: JSON.parse(header ?? ''),
    claims: JSON.parse(claims ?? '') as Record<string, unknown>,
  };
}

/** The first two parts of a token, which the signature covers. */
export function signingInput(header: object, claims: unknown): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

/** A token whose claims are this text, JSON or not. */
export function signText(text: string, key: string): string {
  const header = JSON.stringify({ alg: 'HS256', typ: 'JWT' });
  const input = [header, text].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/**
 * A token that no library creates: any header, any claims, and an HMAC with SHA-256 whatever the header says.
 *
 * @param header added to the usual `alg` and `typ`, or instead of them
 */
export function craftToken(
  claims: unknown,
  key: string,
  header: object = {},
  hash: 'sha256' | 'sha384' | 'sha512' = 'sha256',
): string {
  const input = signingInput({ alg: 'HS256', typ: 'JWT', ...header }, claims);
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`;
}
