import { expect } from '@jest/globals';
import { type Account, registerAccount } from './accounts.js';
import { expectProblem } from './problems.js';
import { startTestApp, type TestApp } from './test-app.js';

const PATH = '/api/user/audio-files';

/** An application with an account, for requests with tokens of any kind. */
export class TokenScene {
  /** The signing key of the application. */
  readonly key: string;

  private constructor(
    readonly app: TestApp,
    readonly account: Account,
  ) {
    this.key = app.config.secretKey;
  }

  static async start(): Promise<TokenScene> {
    const app = await startTestApp();
    return new TokenScene(app, await registerAccount(app));
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** Claims of a token of the older backend, which are the minimum that is accepted. */
  claims(overrides: Record<string, unknown> = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    return { user_id: this.account.userId, iat: now, exp: now + 3600, ...overrides };
  }

  ask(authorization: string) {
    return this.app.http.get(PATH).set('Authorization', authorization);
  }

  async expectAccepted(token: string): Promise<void> {
    const { status, body } = await this.ask(`Bearer ${token}`);
    expect(body).toEqual([]);
    expect(status).toBe(200);
  }

  async expectRefused(token: string): Promise<void> {
    const answer = await this.ask(`Bearer ${token}`);
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }
}
