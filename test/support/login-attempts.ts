import { expect, jest } from '@jest/globals';
import { type LimitState, TooManyRequestsError } from '../../src/common/errors/domain-errors.js';
import type { Guesser, LoginThrottle } from '../../src/limits/login-throttle.js';

export const guesser = (address: string, device = 'Recorder 2.1'): Guesser => ({ address, device });

/** Login attempts at a throttle, with a manual clock. */
export class LoginAttempts {
  constructor(private readonly throttle: LoginThrottle) {}

  /** The limit that refuses an attempt; `undefined` if it is allowed. */
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
