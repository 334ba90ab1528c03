import { isUuid } from '../common/ids.js';
import type { Row } from '../database/table-scan.js';
import { Email, hasLookalikes } from '../users/email.js';

/** No email that the service accepts is longer. */
const LONGEST_EMAIL = 254;
/** 9999-12-31T23:59:59Z: what is later is no number of seconds, and has no ISO text of four digits for its year. */
const LAST_SECOND = 253_402_300_799;

const KEY_SALT = /^[A-Za-z0-9+/]{43}=$/;
const ARGON2 = /^\$argon2(id|i|d)(\$v=\d+)?\$m=\d+,t=\d+,p=\d+(\$[A-Za-z0-9+/]+){2}$/;

/** How an email is not as a new account would keep it; empty where it is. */
export function oddEmail(email: string): string[] {
  const { canonical, older } = Email.read(email);
  if (email !== older) return ['email is not trimmed and lower case'];
  if (email !== canonical) return ['email is not in its canonical form, and found only as it is written'];
  return hasLookalikes(email) ? ['email has characters that no new account may have'] : [];
}

/** Whether a hash is Argon2 in PHC string format, of any parameters. */
export function isArgon2(hash: string): boolean {
  return ARGON2.test(hash);
}

/** What keeps an account row from being read; empty where nothing does. */
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

/** What keeps an audio-file row from being read; empty where nothing does. */
export function unreadableAudioFile(row: Row): string[] {
  const { file_id: fileId, file_size: fileSize } = row;
  return [
    ...(typeof fileId === 'string' && isUuid(fileId) ? [] : ['file_id is not a UUID']),
    ...texts(row, ['user_id', 's3_key']),
    ...times(row, ['uploaded_at', ...(isNothing(row['recorded_at']) ? [] : ['recorded_at'])]),
    ...(isNothing(fileSize) || (Number.isSafeInteger(fileSize) && (fileSize as number) >= 0)
      ? []
      : ['file_size is not a number of bytes']),
  ];
}

function texts(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => !isText(row[name]))
    .map((name) => `${name} is ${isNothing(row[name]) ? 'missing' : 'not a text'}`);
}

function times(row: Row, names: readonly string[]): string[] {
  return names
    .filter((name) => !isTime(row[name]))
    .map((name) => `${name} is ${isNothing(row[name]) ? 'missing' : 'not a time in Unix seconds'}`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}
