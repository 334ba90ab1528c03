import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user';

describe('GET /api/user', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  it('gives the account as registration gave it, and nothing more', async () => {
    const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
    const { body: registered } = await app.http.post('/api/register').send(credentials).expect(201);
    const { token, user } = registered as { token: string; user: Record<string, unknown> };

    const { body } = await app.http.get(PATH).set('Authorization', `Bearer ${token}`).expect(200);

    expect(body).toEqual(user);
    expect(body).toEqual({
      user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: 'ada@example.com',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  it('gives an account of the older backend, to a token of that backend', async () => {
    const { user_id: userId, email } = await putOlderUser(app, { created_at: 1_758_762_381.123_456 });
    const { body } = await app.http.get(PATH).set(olderToken(app, userId)).expect(200);
    expect(body).toEqual({ user_id: userId, email, created_at: '2025-09-25T01:06:21Z' });
  });

  it('gives each caller their own account, whatever the request names', async () => {
    const [account, stranger] = [await registerAccount(app), await registerAccount(app)];
    const { body } = await app.http
      .get(PATH)
      .query({ user_id: stranger.userId, email: stranger.email })
      .set(account.authorization)
      .expect(200);
    expect(body).toMatchObject({ user_id: account.userId, email: account.email });
  });

  it('is closed without a token and with a bad one', async () => {
    const none = await app.http.get(PATH);
    expectProblem(none, { status: 401, detail: 'Not authenticated', instance: PATH });
    expect(none.headers['www-authenticate']).toBe('Bearer');
    const bad = await app.http.get(PATH).set('Authorization', 'Bearer nonsense');
    expectProblem(bad, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
    expect(bad.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it.each(['put', 'patch', 'post'] as const)(
    'is a 405 for %s: an account cannot be written',
    async (method) => {
      const account = await registerAccount(app);
      const answer = await app.http[method](PATH)
        .set(account.authorization)
        .send({ email: 'eve@example.com', user_id: 'x' });
      expect(answer.status).toBe(405);
      expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, OPTIONS');
      const { body } = await app.http.get(PATH).set(account.authorization).expect(200);
      expect(body).toMatchObject({ user_id: account.userId, email: account.email });
    },
  );
});
