import jwt from 'jsonwebtoken';
import type { TestApp } from './test-app.js';

/** A header with a valid token for a user who need not exist: routes that want a token ask for no account. */
export function testToken({ config }: Pick<TestApp, 'config'>, userId: string): { Authorization: string } {
  return { Authorization: `Bearer ${jwt.sign({ user_id: userId }, config.secretKey, { expiresIn: '1h' })}` };
}
