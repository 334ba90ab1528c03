import { expect, jest } from '@jest/globals';
import { type LimitState, TooManyRequestsError } from '../../src/common/errors/domain-errors.js';
import type { Guesser, LoginThrottle } from '../../src/limits/login-throttle.js';

export const guesser = (address: string, device = 'Recorder 2.1'): Guesser => ({ address, device });

/** Attempts to sign in at a throttle, with a clock that is turned by hand. */
export class LoginAttempts {
  constructor(private readonly throttle: LoginThrottle) {}

  /** What a refused attempt is told; `undefined` where it may be made. */
  async attempt(account: string, client: string | Guesser): Promise<LimitState | undefined> {
    try {
      await this.throttle.begin(account, typeof client === 'string' ? guesser(client) : client);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyRequestsError) return error.limit;
      throw error;
    }
  }

  async fail(times: number, account: string, client: (i: number) => string | Guesser): Promise<void> {
    for (let i = 0; i < times; i++) expect(await this.attempt(account, client(i))).toBeUndefined();
  }

  async succeed(account: string, client: string, device?: string): Promise<void> {
    await (await this.throttle.begin(account, guesser(client, device))).succeeded();
  }

  pass(seconds: number): Promise<void> {
    return jest.advanceTimersByTimeAsync(seconds * 1000);
  }
}
