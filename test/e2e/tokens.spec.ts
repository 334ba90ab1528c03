import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { craftToken, decodeToken, signingInput, signText } from '../support/crafted-tokens.js';
import { expectProblem } from '../support/problems.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/audio-files';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('the bearer token of a protected route', () => {
  let app: TestApp;
  let account: Account;
  let key: string;

  beforeAll(async () => {
    app = await startTestApp();
    account = await registerAccount(app);
    key = app.config.secretKey;
  });

  afterAll(() => app.close());

  /** Claims of a token of the older backend, which are the least that is accepted. */
  const claims = (overrides: Record<string, unknown> = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { user_id: account.userId, iat: now, exp: now + 3600, ...overrides };
  };
  const fromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
  const ask = (authorization: string) => app.http.get(PATH).set('Authorization', authorization);

  async function expectAccepted(token: string): Promise<void> {
    const { status, body } = await ask(`Bearer ${token}`);
    expect(body).toEqual([]);
    expect(status).toBe(200);
  }

  async function expectRefused(token: string): Promise<void> {
    const answer = await ask(`Bearer ${token}`);
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  }

  it('is asked for where there is none', async () => {
    const answers = [
      await app.http.get(PATH),
      await ask(''),
      await ask('Bearer'),
      await ask('Bearer '),
      await ask(`Basic ${Buffer.from(`${account.email}:${account.password}`).toString('base64')}`),
      await ask(`Token ${account.token}`),
      await ask(account.token),
    ];

    for (const answer of answers) {
      expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: PATH });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('is not taken from the query, a cookie or another header', async () => {
    const { token } = account;
    const answers = [
      await app.http.get(PATH).query({ token, access_token: token, auth_token: token, jwt: token }),
      await app.http
        .get(PATH)
        .set('Cookie', `token=${token}; access_token=${token}; Authorization=Bearer ${token}`),
      await app.http.get(PATH).set('X-Access-Token', token).set('Proxy-Authorization', `Bearer ${token}`),
    ];

    for (const answer of answers) {
      expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: PATH });
    }
  });

  it('is accepted behind the name of the scheme in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      await ask(`${scheme} ${account.token}`).expect(200, []);
  });

  it('is accepted as the older backend made it, with user_id, iat and exp only', async () => {
    await expectAccepted(craftToken(claims(), key));
  });

  it.each([
    ['no token at all', () => 'nonsense'],
    ['an empty header, body and signature', () => '..'],
    ['two parts', () => account.token.split('.').slice(0, 2).join('.')],
    ['four parts', () => `${account.token}.x`],
    ['an empty signature', () => account.token.replace(/[^.]+$/, '')],
    ['claims that are no object', () => craftToken('user', key)],
    ['claims that are an array', () => craftToken([claims()], key)],
    ['claims that are null', () => craftToken(null, key)],
    ['another key', () => craftToken(claims(), 'another key that is long enough, too')],
    ['an empty key', () => craftToken(claims(), '')],
  ])('is refused when it has or is %s', async (_, token) => {
    await expectRefused(token());
  });

  it('is refused when any one of its characters is changed', async () => {
    const { token } = account;
    // The six bits of a character of base64url are XORed with 32, the highest of them. It is never one of the spare bits
    // at the end of a part, which may decode to the same bytes (RFC 4648 §3.5). A dot becomes a letter.
    const changed = Array.from(token, (character, i) => {
      const other = character === '.' ? 'A' : ALPHABET[ALPHABET.indexOf(character) ^ 32];
      return token.slice(0, i) + other + token.slice(i + 1);
    });
    expect(new Set([...changed, token]).size).toBe(token.length + 1);

    for (let i = 0; i < changed.length; i += 50)
      await Promise.all(changed.slice(i, i + 50).map(expectRefused));
    await expectAccepted(token);
  });

  it.each(['null', '42', '"text"', '[]', '{"alg":', '{"alg":{}}', '\u0000', ''])(
    'is refused with %j as its header or as its claims',
    async (text) => {
      const [header, body, signature] = account.token.split('.');
      const part = Buffer.from(text).toString('base64url');

      await expectRefused(`${part}.${body}.${signature}`);
      await expectRefused(`${header}.${part}.${signature}`);
      await expectRefused(`${part}.${part}.${part}`);
    },
  );

  it('is refused with the claims of one token and the signature of another', async () => {
    const stranger = await registerAccount(app);
    const [header, , signature] = account.token.split('.');
    const [, strangersClaims] = stranger.token.split('.');

    await expectRefused([header, strangersClaims, signature].join('.'));
  });

  describe('by its algorithm', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rsaToken = (header: object) => {
      const input = signingInput({ alg: 'RS256', typ: 'JWT', ...header }, claims());
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    };

    it.each(['none', 'None', 'NONE', ''])('is refused with alg "%s", signed or not', async (alg) => {
      await expectRefused(`${signingInput({ alg, typ: 'JWT' }, claims())}.`);
      await expectRefused(craftToken(claims(), key, { alg }));
    });

    it('is refused without an algorithm', async () => {
      await expectRefused(craftToken(claims(), key, { alg: undefined }));
    });

    it('is refused with HS384 and HS512, also with our key', async () => {
      await expectRefused(craftToken(claims(), key, { alg: 'HS384' }, 'sha384'));
      await expectRefused(craftToken(claims(), key, { alg: 'HS512' }, 'sha512'));
    });

    it('is refused when the header names another algorithm than it was signed with', async () => {
      await expectRefused(craftToken(claims(), key, { alg: 'HS256' }, 'sha512'));
      await expectRefused(craftToken(claims(), key, { alg: 'HS512' }));
      for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA', 'hs256']) {
        await expectRefused(craftToken(claims(), key, { alg }));
      }
    });

    it('is refused with RS256, and with a public key in place of the secret', async () => {
      await expectRefused(rsaToken({}));
      await expectRefused(craftToken(claims(), publicKey.export({ type: 'spki', format: 'pem' }).toString()));
    });

    it('is refused when it brings its own key', async () => {
      const secret = randomBytes(32).toString('hex');
      const k = Buffer.from(secret).toString('base64url');

      await expectRefused(craftToken(claims(), secret, { jwk: { kty: 'oct', k, alg: 'HS256' } }));
      await expectRefused(rsaToken({ jwk: publicKey.export({ format: 'jwk' }) }));
      // A key id that names a file with known content: an empty one.
      await expectRefused(craftToken(claims(), '', { kid: '../../../../../../dev/null' }));
    });

    it.each([
      ['jku', { jku: 'https://attacker.example/keys.json' }],
      ['x5u', { x5u: 'https://attacker.example/certificate.pem' }],
      ['kid with a path', { kid: '../../../../../../dev/null' }],
      ['kid with SQL', { kid: "' UNION SELECT 'key' --" }],
      ['jwk', { jwk: { kty: 'oct', k: 'a2V5' } }],
    ])('is accepted with our signature, whatever the header says in %s', async (_, header) => {
      await expectAccepted(craftToken(claims(), key, header));
    });
  });

  it('holds the id of the user who registered', () => {
    expect(decodeToken(account.token).claims).toMatchObject({ user_id: account.userId, sub: account.userId });
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['longer than a key of the table may be', 'x'.repeat(2049)],
    ['null', null],
    ['a number', 42],
    ['true', true],
    ['an object', { S: 'x' }],
    ['an array', ['x']],
  ])('is refused when its user id is %s, also where sub is right', async (_, user_id) => {
    await expectRefused(craftToken(claims({ user_id, sub: account.userId }), key));
  });

  it('is refused when its user id is the key of a reservation of an email, which is in the same table', async () => {
    await expectRefused(craftToken(claims({ user_id: `email#${account.email}` }), key));
  });

  it.each([
    ['half of a surrogate pair', '\ud800'],
    ['an id and half of a surrogate pair', '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11\udfff'],
  ])('is refused when its user id is %s', async (_, user_id) => {
    await expectRefused(craftToken(claims({ user_id, sub: account.userId }), key));
  });

  it.each([
    ['an extension', { crit: ['b64'], b64: true }],
    ['none', { crit: [] }],
    ['null', { crit: null }],
  ])('is refused when its header says that it must be understood, and names %s', async (_, header) => {
    await expectRefused(craftToken(claims(), key, header));
  });

  it.each([
    ['empty', ''],
    ['half of a surrogate pair', '\ud800'],
    ['no UUID', 'session'],
    ['longer than a key of the table may be', 'x'.repeat(2049)],
  ])('is refused when its session id is %s', async (_, jti) => {
    await expectRefused(craftToken(claims({ jti }), key));
  });

  describe('by its times', () => {
    it.each([
      ['expired a second ago', () => ({ iat: fromNow(-3600), exp: fromNow(-1) })],
      ['expired long ago', () => ({ iat: fromNow(-7200), exp: fromNow(-3600) })],
      ['expires at no number', () => ({ exp: String(fromNow(3600)) })],
      ['never expires', () => ({ exp: undefined })],
      ['expires at null', () => ({ exp: null })],
      ['expires with a fraction of a second', () => ({ exp: fromNow(3600) + 0.5 })],
      ['expires beyond whole numbers', () => ({ exp: 2 ** 53 })],
      ['was issued with a fraction of a second', () => ({ iat: fromNow(-10) + 0.5 })],
      ['is valid from a fraction of a second', () => ({ nbf: fromNow(-10) + 0.5 })],
      ['was issued two minutes ahead', () => ({ iat: fromNow(120) })],
      ['is valid in two minutes', () => ({ nbf: fromNow(120) })],
      ['is valid from no number', () => ({ nbf: 'now' })],
    ])('is refused when it %s', async (_, times) => {
      await expectRefused(craftToken(claims(times()), key));
    });

    it.each(['exp', 'iat', 'nbf'])('is refused when its %s is an infinity', async (name) => {
      for (const number of ['1e400', '-1e400']) {
        // No serialiser writes it.
        const text = JSON.stringify(claims({ [name]: 'HERE' })).replace('"HERE"', number);
        await expectRefused(signText(text, key));
      }
    });

    it.each([
      ['expires in seconds', () => ({ iat: fromNow(-3600), exp: fromNow(10) })],
      ['was issued by a clock half a minute ahead', () => ({ iat: fromNow(30) })],
      ['is valid in half a minute', () => ({ nbf: fromNow(30) })],
      ['is valid since a while', () => ({ nbf: fromNow(-3600) })],
    ])('is accepted when it %s', async (_, times) => {
      await expectAccepted(craftToken(claims(times()), key));
    });
  });
});
