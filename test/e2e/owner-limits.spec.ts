import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signIn } from '../support/accounts.js';
import {
  at,
  bearer,
  GuessingScene,
  newAddress,
  statusesOf,
  times,
  WRONG,
} from '../support/guessing-scene.js';

const BY_SESSION = '"login-failures-by-session";q=5;w=900';
const BY_ADDRESS = '"login-failures-by-address";q=5;w=900';
const RECORDER = 'Recorder/2.1';

describe('the limits on guessing: a stranger can delay strangers, not the owner', () => {
  let scene: GuessingScene;

  beforeAll(async () => {
    scene = await GuessingScene.start();
  });

  afterAll(() => scene.close());

  it('the signed-in owner changes the password at a new address while strangers guess', async () => {
    const account = await scene.signUp();
    await scene.attack(account);
    await scene.changePassword(account, WRONG).expect(403);
    await scene.changePassword(account, account.password).expect(200);
  });

  it('the signed-in owner deletes the account at a new address while strangers guess', async () => {
    const account = await scene.signUp();
    await scene.attack(account);
    await scene.deleteAccount(account, WRONG).expect(403);
    await scene.deleteAccount(account, account.password).expect(200);
  });

  it('whoever guesses with a token is slowed down wherever it is used, and keeps nobody else out', async () => {
    const account = await scene.signUp();
    const stolen = await signIn(scene.app, account);
    expect(await statusesOf(2, () => scene.changePassword(stolen, WRONG))).toEqual(times(2, 403));
    expect(await statusesOf(2, () => scene.deleteAccount(stolen, WRONG))).toEqual(times(2, 403));
    await scene.login(account.email, WRONG, { headers: stolen.authorization }).expect(401);
    for (const refused of [
      await scene.changePassword(stolen, WRONG),
      await scene.deleteAccount(stolen, account.password),
      await scene.login(account.email, account.password, { headers: stolen.authorization }),
    ]) {
      expect(refused.status).toBe(429);
      expect(refused.headers['ratelimit-policy']).toBe(BY_SESSION);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(30);
    }

    await scene.login(account.email, account.password).expect(200);
    await scene.changePassword(account, account.password).expect(200);
  });

  it('the owner logs in from behind an address where a stranger guesses, with a token of the account', async () => {
    const account = await scene.signUp();
    const address = newAddress();
    expect(await statusesOf(7, () => scene.login(account.email, WRONG, { address }))).toEqual([
      ...times(5, 401),
      ...times(2, 429),
    ]);

    const proof = { address, headers: account.authorization, userAgent: RECORDER };
    await scene.login(account.email, account.password, proof).expect(200);
    // The stranger gains nothing by it.
    await scene.login(account.email, WRONG, { address }).expect(429);
  });

  it('the owner logs in with a token though a stranger makes all the logins that the address may make', async () => {
    const account = await scene.signUp();
    const stranger = await scene.signUp();
    const address = newAddress();
    await statusesOf(12, () => scene.login(`${randomUUID()}@example.com`, WRONG, { address }));

    const { headers } = await scene.login(account.email, account.password, { address });
    expect(headers['ratelimit-policy']).toBe('"login";q=10;w=60');
    await scene
      .login(account.email, account.password, { address, headers: account.authorization })
      .expect(200);
    for (const email of [account.email, `${randomUUID()}@example.com`]) {
      const foreign = await scene.login(email, WRONG, { address, headers: stranger.authorization });
      expect([foreign.status, foreign.headers['ratelimit-policy']]).toEqual([429, '"login";q=10;w=60']);
    }
  });

  it('a device that logged in at an address before is not held up by others there', async () => {
    const account = await scene.signUp();
    const home = newAddress();
    await scene.login(account.email, account.password, { address: home, userAgent: RECORDER }).expect(200);
    const guesses = await statusesOf(7, (i) =>
      scene.login(account.email, WRONG, { address: home, userAgent: `Other/${i}` }),
    );
    expect(guesses).toEqual([...times(5, 401), ...times(2, 429)]);

    await scene.login(account.email, account.password, { address: home, userAgent: RECORDER }).expect(200);
    const refused = await scene.login(account.email, account.password, { address: home });
    expect([refused.status, refused.headers['ratelimit-policy']]).toEqual([429, BY_ADDRESS]);
  });

  it('the device that made the account is one of those', async () => {
    const [email, password, home] = [`${randomUUID()}@example.com`, 'correct horse battery', newAddress()];
    const from = { address: home, userAgent: RECORDER };
    await scene.app.http.post('/api/register').set(at(from)).send({ email, password }).expect(201);
    await statusesOf(7, () => scene.login(email, WRONG, { address: home }));

    await scene.login(email, password, from).expect(200);
  });

  it('a repeated registration is counted in the same way', async () => {
    const [email, password, key] = [`${randomUUID()}@example.com`, 'correct horse battery', randomUUID()];
    const register = (sent: string, headers: Record<string, string> = {}) =>
      scene.app.http
        .post('/api/register')
        .set({ ...at({ headers }), 'Idempotency-Key': key })
        .send({ email, password: sent });
    const { body } = await register(password).expect(201);
    await scene.attack({ email });

    await register(password).expect(429);
    await register(password, bearer((body as { token: string }).token)).expect(200);
  });
});
