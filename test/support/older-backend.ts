import { randomBytes, randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import jwt from 'jsonwebtoken';
import type { TestApp } from './test-app.js';

/** Made by Python's `argon2-cffi` 25.1.0 with its defaults; nothing here but that package wrote it. */
export const OLDER_PASSWORD = '  correct hörse 🔋 battery ';
export const OLDER_HASH =
  '$argon2id$v=19$m=65536,t=3,p=4$XuD0igvoTIvrCWKzjtyB/w$PhriMSFXvuhqUmZXZRqJ3D8DlVIfXDSkN4LVH/qL/So';

/** A row of the users table. */
export interface StoredUser {
  user_id: string;
  email: string;
  password_hash: string;
  key_salt: string;
  created_at: number;
  created_at_iso: string;
}

/**
 * Writes a user as the older backend did: no claim of the email, and a naive ISO string, here of another instant
 * than the number, which is the one to be read.
 */
export async function putOlderUser(app: TestApp, overrides: Partial<StoredUser> = {}): Promise<StoredUser> {
  const user: StoredUser = {
    user_id: randomUUID(),
    email: `${randomUUID()}@example.com`,
    password_hash: OLDER_HASH,
    key_salt: randomBytes(32).toString('base64'),
    created_at: 1_758_762_381,
    created_at_iso: '2025-09-25T03:04:05.123456',
    ...overrides,
  };
  await app.rows.send(new PutCommand({ TableName: app.config.tables.users, Item: user }));
  return user;
}

/**
 * A header with a token as the older backend made it: for an account, and without a session.
 *
 * @param issuedAt Unix seconds
 */
export function olderToken(
  { config }: Pick<TestApp, 'config'>,
  userId: string,
  issuedAt = Math.floor(Date.now() / 1000),
): { Authorization: string } {
  const claims = { user_id: userId, iat: issuedAt };
  return { Authorization: `Bearer ${jwt.sign(claims, config.secretKey, { expiresIn: '30d' })}` };
}
