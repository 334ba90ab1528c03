import { isText, texts, times } from '../database/row-checks.js';
import type { Row } from '../database/table-scan.js';
import { Email, hasLookalikes } from '../users/email.js';

/** The service accepts no longer email. */
const LONGEST_EMAIL = 254;

const KEY_SALT = /^[A-Za-z0-9+/]{43}=$/;
const ARGON2 = /^\$argon2(id|i|d)(\$v=\d+)?\$m=\d+,t=\d+,p=\d+(\$[A-Za-z0-9+/]+){2}$/;

/** How an email differs from the form that new accounts store; empty if it does not. */
export function oddEmail(email: string): string[] {
  const { canonical, older } = Email.read(email);
  if (email !== older) return ['email is not trimmed and lower case'];
  if (email !== canonical) return ['email is not in its canonical form, and found only as it is written'];
  return hasLookalikes(email) ? ['email has characters that no new account may have'] : [];
}

/** Whether a hash is Argon2 in PHC string format, with any parameters. */
export function isArgon2(hash: string): boolean {
  return ARGON2.test(hash);
}

/** Why an account row cannot be read; empty if it can. */
export function unreadableUser(row: Row): string[] {
  const { email, key_salt: keySalt } = row;
  return [
    ...texts(row, ['email', 'password_hash', 'key_salt']),
    ...times(row, ['created_at']),
    ...(typeof email === 'string' && email.length > LONGEST_EMAIL
      ? [`email is longer than ${LONGEST_EMAIL} characters`]
      : []),
    ...(isText(keySalt) && !KEY_SALT.test(keySalt) ? ['key_salt is not 32 bytes in base64'] : []),
  ];
}
