import { randomBytes, randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import jwt from 'jsonwebtoken';
import type { TestApp } from './test-app.js';

/** Created by Python's `argon2-cffi` 25.1.0 with its defaults. */
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
 * Writes a user like the older backend: without an email claim, and with an ISO string without offset, here of another
 * instant than the number, which is authoritative.
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
 * A header with a token like those of the older backend: for an account, and without a session.
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
