import { randomInt, randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Response } from 'supertest';
import { type Account } from './accounts.js';
import { startTestApp, type TestApp } from './test-app.js';

export const WRONG = 'wrong password';
export const PREVIOUS_KEY = 'e242ed3bffccdf271b7fbaf34ed72d08';
/** The user agent of the stranger. */
const CURL = 'curl/8.5.0';

export const newAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`;
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
export const times = (count: number, status: number) => Array<number>(count).fill(status);

/** The client of a request; by default a new address each time, and the user agent of the stranger. */
interface From {
  address?: string;
  headers?: Record<string, string>;
  userAgent?: string;
}

export const at = ({ address = newAddress(), headers = {}, userAgent = CURL }: From) => ({
  'X-Forwarded-For': address,
  'User-Agent': userAgent,
  ...headers,
});

/** Statuses of requests that are sent one after the other. */
export async function statusesOf(
  count: number,
  request: (i: number) => PromiseLike<Response>,
): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await request(i)).status);
  return statuses;
}

/** An application with limits on guessing, to which owners and strangers send passwords. */
export class GuessingScene {
  private constructor(readonly app: TestApp) {}

  static async start(): Promise<GuessingScene> {
    const environment = { RATE_LIMIT: 'on', TRUST_PROXY: '1', SECRET_KEY_PREVIOUS: PREVIOUS_KEY };
    return new GuessingScene(await startTestApp(environment));
  }

  close(): Promise<void> {
    return this.app.close();
  }

  login(email: string, password: string, from: From = {}) {
    return this.app.http.post('/api/login').set(at(from)).send({ email, password });
  }

  changePassword(account: Account, current: string, from: From = {}) {
    return this.app.http
      .put('/api/user/password')
      .set(at({ ...from, headers: account.authorization }))
      .send({ current_password: current, new_password: account.password });
  }

  deleteAccount(account: Account, password: string, from: From = {}) {
    return this.app.http
      .delete('/api/user')
      .set(at({ ...from, headers: account.authorization }))
      .send({ password });
  }

  /** An account whose device is not known elsewhere. */
  async signUp(): Promise<Account> {
    const email = `${randomUUID()}@example.com`;
    const password = 'correct horse battery';
    const { body } = await this.app.http
      .post('/api/register')
      .set(at({}))
      .send({ email, password })
      .expect(201);
    const { user_id: userId, token } = body as { user_id: string; token: string };
    return { email, password, userId, token, authorization: bearer(token) };
  }

  /** Guesses from many addresses, until all unknown clients are refused. */
  async attack({ email }: Pick<Account, 'email'>): Promise<void> {
    const answers = await Promise.all(Array.from({ length: 14 }, () => this.login(email, WRONG)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...times(10, 401), ...times(4, 429)]);
  }
}
