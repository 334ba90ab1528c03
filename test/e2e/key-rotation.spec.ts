import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount, signIn } from '../support/accounts.js';
import { craftToken, decodeToken } from '../support/crafted-tokens.js';
import { olderToken } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const [NEWEST, BEFORE, LONG_AGO] = [
  'a key for tests that is the newest one',
  'a key for tests that came before it',
  'a key for tests that is forgotten',
] as const;

describe('a change of the token key', () => {
  /** As it ran before, and as it runs now. */
  let before: TestApp;
  let now: TestApp;
  let account: Account;

  beforeAll(async () => {
    before = await startTestApp({ SECRET_KEY: BEFORE });
    account = await registerAccount(before);
    now = await startTestApp(
      { SECRET_KEY: NEWEST, SECRET_KEY_PREVIOUS: `another key that is long enough 12,${BEFORE}` },
      before,
    );
  });

  afterAll(async () => {
    await now.close();
    await before.close();
  });

  const statusOf = async (app: TestApp, { authorization }: Pick<Account, 'authorization'>) =>
    (await app.http.get('/api/user').set(authorization)).status;
  const bearer = (token: string) => ({ authorization: { Authorization: `Bearer ${token}` } });
  const isSignedWith = (key: string, token: string) => {
    const { header, claims } = decodeToken(token);
    return craftToken(claims, key, header as object) === token;
  };

  it('ends no session: tokens of the key before it are accepted', async () => {
    expect(await statusOf(now, account)).toBe(200);
    expect(await statusOf(now, { authorization: olderToken(before, account.userId) })).toBe(200);
  });

  it('makes no token with the key before: not at registration, login or renewal', async () => {
    const tokens = [(await registerAccount(now)).token, (await signIn(now, account)).token];
    const renewed = await now.http.post('/api/token/renew').set(account.authorization).expect(200);
    tokens.push((renewed.body as { token: string }).token);
    for (const token of tokens) {
      expect(isSignedWith(NEWEST, token)).toBe(true);
      expect(isSignedWith(BEFORE, token)).toBe(false);
      expect(await statusOf(now, bearer(token))).toBe(200);
      expect(await statusOf(before, bearer(token))).toBe(401);
    }
  });

  it('does not widen what is accepted: the rules hold for the key before as well', async () => {
    const { claims } = decodeToken(account.token);
    const seconds = Math.floor(Date.now() / 1000);
    for (const token of [
      craftToken(claims, LONG_AGO),
      craftToken(claims, ''),
      craftToken(claims, BEFORE, { alg: 'none' }),
      craftToken(claims, BEFORE, { alg: 'HS512' }, 'sha512'),
      craftToken({ ...claims, exp: seconds - 1 }, BEFORE),
      craftToken({ ...claims, exp: undefined }, BEFORE),
      craftToken({ ...claims, iat: seconds + 120 }, BEFORE),
    ]) {
      const answer = await now.http.get('/api/user').set(bearer(token).authorization);
      expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: '/api/user' });
    }
  });

  it('lets a session of the key before be ended', async () => {
    const other = await signIn(before, account);
    await now.http.post('/api/logout').set(other.authorization).expect(200);
    expect(await statusOf(now, other)).toBe(401);
  });

  it('ends every token once the key before is left out', async () => {
    const without = await startTestApp({ SECRET_KEY: NEWEST }, before);
    try {
      expect(await statusOf(without, account)).toBe(401);
      expect(await statusOf(without, await signIn(without, account))).toBe(200);
    } finally {
      await without.close();
    }
  });

  it.each([
    ['a line end behind it', `${BEFORE}\n`, (key: string) => key],
    ['a line end behind it, among others', `${BEFORE}\n`, (key: string) => `${key},${LONG_AGO}`],
    ['blanks around it', ` ${BEFORE}\t`, (key: string) => `${LONG_AGO},${key}`],
    ['a comma in it', `${BEFORE},${LONG_AGO}`, (key: string) => key],
    [
      'a comma and a short end, as JSON',
      `${BEFORE}, end\n`,
      (key: string) => JSON.stringify([LONG_AGO, key]),
    ],
  ])('takes the place of a key with %s: its tokens are accepted', async (_case, key, listed) => {
    const apps: TestApp[] = [];
    try {
      const older = await startTestApp({ SECRET_KEY: key }, before);
      apps.push(older);
      const newer = await startTestApp({ SECRET_KEY: NEWEST, SECRET_KEY_PREVIOUS: listed(key) }, before);
      apps.push(newer);
      const signedIn = await signIn(older, account);
      expect(isSignedWith(key, signedIn.token)).toBe(true);
      expect(await statusOf(newer, signedIn)).toBe(200);
      const { claims } = decodeToken(signedIn.token);
      for (const other of [',', '\n', '', listed(key).slice(0, 8), `${key} `]) {
        expect(await statusOf(newer, bearer(craftToken(claims, other)))).toBe(401);
      }
      // The older backend signs with the value as it is, too.
      const { claims: olderClaims } = decodeToken(
        olderToken(before, account.userId).Authorization.slice('Bearer '.length),
      );
      expect(await statusOf(newer, bearer(craftToken(olderClaims, key)))).toBe(200);
    } finally {
      for (const app of apps) await app.close();
    }
  });
});
