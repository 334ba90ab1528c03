import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import argon2 from 'argon2';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

type Caller = Pick<Account, 'authorization'>;

const ROUNDS = 10;
const PASSWORD = 'correct horse battery';
const NEW = 'staple battery horse';
/** More than a page of them, which is what a list once looked at. */
const LOGINS = 110;

describe('sign-ins at the same time', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ ARGON2_MEMORY_KIB: '2048' });
  });

  afterAll(() => app.close());

  it.each(['session', 'older token'])('may log out twice by a %s, and not afterwards', async (kind) => {
    for (let round = 0; round < ROUNDS; round++) {
      const account = await registerAccount(app);
      const { authorization }: Caller =
        kind === 'session' ? account : { authorization: olderToken(app, account.userId) };
      const logout = async () => (await app.http.post('/api/logout').set(authorization)).status;
      const statuses = await Promise.all([logout(), logout()]);
      expect(statuses).toContain(200);
      // The other one began before the first was done, or it did not.
      for (const status of statuses) expect([200, 401]).toContain(status);
      expect(await logout()).toBe(401);
    }
  });

  it('keep no change of the password from being made where a login makes its hash stronger', async () => {
    const weak = { type: argon2.argon2id, memoryCost: 1024, timeCost: 1, parallelism: 1 } as const;
    for (let round = 0; round < ROUNDS; round++) {
      const { user_id: userId, email } = await putOlderUser(app, {
        password_hash: await argon2.hash(PASSWORD, weak),
      });
      const [changed] = await Promise.all([
        app.http
          .put('/api/user/password')
          .set(olderToken(app, userId))
          .send({ current_password: PASSWORD, new_password: NEW }),
        ...Array.from({ length: 3 }, async () =>
          app.http.post('/api/login').send({ email, password: PASSWORD }),
        ),
      ]);
      expect(changed.status).toBe(200);
      await app.http.post('/api/login').send({ email, password: PASSWORD }).expect(401);
      await app.http.post('/api/login').send({ email, password: NEW }).expect(200);
    }
  });

  it('are refused with 409 where another request has changed the password to another one', async () => {
    const account = await registerAccount(app, { password: PASSWORD });
    const change = async (replacement: string) =>
      app.http
        .put('/api/user/password')
        .set(account.authorization)
        .send({ current_password: PASSWORD, new_password: replacement });
    const answers = await Promise.all(['first', 'second', 'third'].map((n) => change(`${n} of three`)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(200);
    for (const status of statuses.slice(1)) expect([403, 409]).toContain(status);
  });

  it('are listed and exported, all of them that are live, however many have ended', async () => {
    const account = await registerAccount(app);
    for (let n = 0; n < LOGINS; n += 10) {
      await Promise.all(Array.from({ length: 10 }, async () => signIn(app, account)));
    }
    const list = async () =>
      (await app.http.get('/api/user/sessions').set(account.authorization).expect(200)).body as unknown[];
    const exported = async () => {
      const { text } = await app.http.get('/api/user/export').set(account.authorization).expect(200);
      return (JSON.parse(text) as { sessions: unknown[] }).sessions;
    };
    expect(await list()).toHaveLength(1 + LOGINS);
    expect(await exported()).toHaveLength(1 + LOGINS);

    await app.http.delete('/api/user/sessions').set(account.authorization).expect(200);

    expect(await list()).toEqual([expect.objectContaining({ current: true })]);
    expect(await exported()).toHaveLength(1);
  });

  it('of an account whose row lacks what decides are as ever', async () => {
    const older = olderToken(app, (await putOlderUser(app)).user_id);
    await app.http.post('/api/audio-file').set(older).send({ s3_key: 'a.wav' }).expect(201);
    await app.http.delete('/api/user/sessions').set(older).expect(200);
    await app.http.post('/api/audio-file').set(older).send({ s3_key: 'a.wav' }).expect(201);
  });
});
