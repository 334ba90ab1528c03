import { JwtStrategy } from '../../src/auth/tokens/jwt.strategy.js';
import { InvalidTokenError } from '../../src/common/errors/domain-errors.js';
import { decodeToken } from '../support/crafted-tokens.js';
import type { TestApp } from '../support/test-app.js';

/**
 * Whether a sign-in works on an instance, which then knows it. Asks what the guard of every route asks: a request would
 * take three times the CPU, and there are more of these than of anything else.
 */
export async function isLive({ app }: Pick<TestApp, 'app'>, token: string): Promise<boolean> {
  try {
    await app.get(JwtStrategy).callerOf(decodeToken(token).claims);
    return true;
  } catch (error) {
    if (error instanceof InvalidTokenError) return false;
    throw error;
  }
}
