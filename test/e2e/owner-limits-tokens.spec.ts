import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { registerAccount } from '../support/accounts.js';
import { craftToken, decodeToken } from '../support/crafted-tokens.js';
import { bearer, GuessingScene, newAddress, PREVIOUS_KEY, WRONG } from '../support/guessing-scene.js';
import { olderToken, OLDER_PASSWORD, putOlderUser } from '../support/older-backend.js';

describe('the limits on guessing, by what a token proves', () => {
  let scene: GuessingScene;

  beforeAll(async () => {
    scene = await GuessingScene.start();
  });

  afterAll(() => scene.close());

  it('a token proves the device of the owner also where it has expired, its session has ended, or its key is older', async () => {
    const account = await scene.signUp();
    const { claims } = decodeToken(account.token);
    await scene.app.http
      .post('/api/logout')
      .set(account.authorization)
      .set('X-Forwarded-For', newAddress())
      .expect(200);
    await scene.attack(account);
    const now = Math.floor(Date.now() / 1000);
    const past = { ...claims, iat: now - 4_000_000, exp: now - 1_000_000 };
    const older = { user_id: account.userId, iat: now - 4_000_000, exp: now - 1_000_000 };
    const key = scene.app.config.secretKey;
    for (const token of [
      account.token,
      craftToken(past, key),
      craftToken(older, key),
      craftToken(past, PREVIOUS_KEY),
    ]) {
      await scene.login(account.email, account.password, { headers: bearer(token) }).expect(200);
    }
  });

  it('a token that is not of this account, or not of ours, changes no answer to a login', async () => {
    const account = await scene.signUp();
    const other = await scene.signUp();
    await scene.attack(account);
    const { claims } = decodeToken(account.token);
    const undated = { ...claims, iat: undefined };
    const key = scene.app.config.secretKey;
    const tokens = {
      foreign: other.token,
      'signed by somebody else': craftToken(claims, 'f1d2d2f924e986ac86fdf7b36c94bcdf'),
      'of no algorithm': craftToken(claims, key, { alg: 'none' }),
      'of another algorithm': craftToken(claims, key, { alg: 'HS512' }, 'sha512'),
      'without a time of issue': craftToken(undated, key),
      'of the future': craftToken({ ...claims, iat: Math.floor(Date.now() / 1000) + 3600 }, key),
      null: craftToken(null, key),
      'cut off': account.token.slice(0, -10),
      garbage: 'garbage',
    };
    for (const [kind, token] of Object.entries(tokens)) {
      const answer = await scene.login(account.email, account.password, { headers: bearer(token) });
      expect([kind, answer.status, answer.headers['ratelimit-policy']]).toEqual([
        kind,
        429,
        '"login-failures";q=10;w=900',
      ]);
    }
  });

  it('a login with a token fails in the same words and headers as one without', async () => {
    const account = await registerAccount(scene.app);
    const without = await scene.login(account.email, WRONG);
    const unknown = await scene.login(`${randomUUID()}@example.com`, WRONG, {
      headers: account.authorization,
    });
    const withToken = await scene.login(account.email, WRONG, { headers: account.authorization });
    const comparable = ({ status, headers, body }: Response) => {
      expect((body as { request_id: string }).request_id).toBe(headers['x-request-id']);
      return {
        status,
        headers: { ...(headers as object), 'x-request-id': '', date: '' },
        body: { ...(body as object), request_id: '' },
      };
    };
    expect(comparable(withToken)).toEqual(comparable(without));
    expect(comparable(unknown)).toEqual(comparable(without));
  });

  // The last one: from then on failures take as long as a hash of the older backend.
  it('an owner with a token of the older backend is held up neither', async () => {
    const { user_id: userId, email } = await putOlderUser(scene.app);
    const owner = {
      email,
      userId,
      password: OLDER_PASSWORD,
      token: '',
      authorization: olderToken(scene.app, userId),
    };
    await scene.attack(owner);
    await scene.changePassword(owner, owner.password).expect(200);
  });
});
