import { randomUUID } from 'node:crypto';
import type { TestApp } from './test-app.js';

/** A registered user and its authorization header. */
export interface Account {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly authorization: { Authorization: string };
}

/** Registers a user over HTTP. */
export async function registerAccount(
  { http }: Pick<TestApp, 'http'>,
  overrides: Partial<Pick<Account, 'email' | 'password'>> = {},
): Promise<Account> {
  const credentials = {
    email: `${randomUUID()}@example.com`,
    password: 'correct horse battery',
    ...overrides,
  };
  const { body } = await http.post('/api/register').send(credentials).expect(201);
  const { user_id: userId, token } = body as { user_id: string; token: string };
  return { ...credentials, userId, token, authorization: { Authorization: `Bearer ${token}` } };
}

/** Creates a record over HTTP and returns the response body. */
export async function createAudioFile(
  { http }: Pick<TestApp, 'http'>,
  account: Account,
  overrides: Record<string, unknown> = {},
): Promise<Record<string, unknown> & { file_id: string }> {
  const body = { s3_key: 'recordings/monday.m4a', file_size: 482_133, recorded_at: '2025-09-24T18:30:00Z' };
  const response = await http
    .post('/api/audio-file')
    .set(account.authorization)
    .send({ ...body, ...overrides })
    .expect(201);
  return response.body as Record<string, unknown> & { file_id: string };
}

/** Signs in over HTTP, which creates another session of the same account. */
export async function signIn(
  { http }: Pick<TestApp, 'http'>,
  { email, password }: Pick<Account, 'email' | 'password'>,
  userAgent?: string,
): Promise<Account> {
  const request = http.post('/api/login').send({ email, password });
  if (userAgent !== undefined) void request.set('User-Agent', userAgent);
  const { body } = await request.expect(200);
  const { user_id: userId, token } = body as { user_id: string; token: string };
  return { email, password, userId, token, authorization: { Authorization: `Bearer ${token}` } };
}
