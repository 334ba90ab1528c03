import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { craftToken, decodeToken, signText } from '../support/crafted-tokens.js';
import { expectProblem } from '../support/problems.js';
import { TokenScene } from '../support/token-scene.js';

const PATH = '/api/user/audio-files';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const fromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('the bearer token of a protected route', () => {
  let scene: TokenScene;

  beforeAll(async () => {
    scene = await TokenScene.start();
  });

  afterAll(() => scene.close());

  it('is asked for where there is none', async () => {
    const answers = [
      await scene.app.http.get(PATH),
      await scene.ask(''),
      await scene.ask('Bearer'),
      await scene.ask('Bearer '),
      await scene.ask(
        `Basic ${Buffer.from(`${scene.account.email}:${scene.account.password}`).toString('base64')}`,
      ),
      await scene.ask(`Token ${scene.account.token}`),
      await scene.ask(scene.account.token),
    ];

    for (const answer of answers) {
      expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: PATH });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('is not taken from the query, a cookie or another header', async () => {
    const { token } = scene.account;
    const answers = [
      await scene.app.http.get(PATH).query({ token, access_token: token, auth_token: token, jwt: token }),
      await scene.app.http
        .get(PATH)
        .set('Cookie', `token=${token}; access_token=${token}; Authorization=Bearer ${token}`),
      await scene.app.http
        .get(PATH)
        .set('X-Access-Token', token)
        .set('Proxy-Authorization', `Bearer ${token}`),
    ];

    for (const answer of answers) {
      expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: PATH });
    }
  });

  it('is accepted behind the name of the scheme in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      await scene.ask(`${scheme} ${scene.account.token}`).expect(200, []);
  });

  it('is accepted as the older backend made it, with user_id, iat and exp only', async () => {
    await scene.expectAccepted(craftToken(scene.claims(), scene.key));
  });

  it.each([
    ['no token at all', () => 'nonsense'],
    ['an empty header, body and signature', () => '..'],
    ['two parts', () => scene.account.token.split('.').slice(0, 2).join('.')],
    ['four parts', () => `${scene.account.token}.x`],
    ['an empty signature', () => scene.account.token.replace(/[^.]+$/, '')],
    ['claims that are no object', () => craftToken('user', scene.key)],
    ['claims that are an array', () => craftToken([scene.claims()], scene.key)],
    ['claims that are null', () => craftToken(null, scene.key)],
    ['another key', () => craftToken(scene.claims(), 'another key that is long enough, too')],
    ['an empty key', () => craftToken(scene.claims(), '')],
  ])('is refused when it has or is %s', async (_, token) => {
    await scene.expectRefused(token());
  });

  it('is refused when any one of its characters is changed', async () => {
    const { token } = scene.account;
    // The six bits of a character of base64url are XORed with 32, the highest of them. It is never one of the spare bits
    // at the end of a part, which may decode to the same bytes (RFC 4648 §3.5). A dot becomes a letter.
    const changed = Array.from(token, (character, i) => {
      const other = character === '.' ? 'A' : ALPHABET[ALPHABET.indexOf(character) ^ 32];
      return token.slice(0, i) + other + token.slice(i + 1);
    });
    expect(new Set([...changed, token]).size).toBe(token.length + 1);

    for (let i = 0; i < changed.length; i += 50)
      await Promise.all(changed.slice(i, i + 50).map((other) => scene.expectRefused(other)));
    await scene.expectAccepted(token);
  });

  it.each(['null', '42', '"text"', '[]', '{"alg":', '{"alg":{}}', '\u0000', ''])(
    'is refused with %j as its header or as its claims',
    async (text) => {
      const [header, body, signature] = scene.account.token.split('.');
      const part = Buffer.from(text).toString('base64url');

      await scene.expectRefused(`${part}.${body}.${signature}`);
      await scene.expectRefused(`${header}.${part}.${signature}`);
      await scene.expectRefused(`${part}.${part}.${part}`);
    },
  );

  it('is refused with the claims of one token and the signature of another', async () => {
    const stranger = await registerAccount(scene.app);
    const [header, , signature] = scene.account.token.split('.');
    const [, strangersClaims] = stranger.token.split('.');

    await scene.expectRefused([header, strangersClaims, signature].join('.'));
  });

  it('holds the id of the user who registered', () => {
    expect(decodeToken(scene.account.token).claims).toMatchObject({
      user_id: scene.account.userId,
      sub: scene.account.userId,
    });
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
    await scene.expectRefused(craftToken(scene.claims({ user_id, sub: scene.account.userId }), scene.key));
  });

  it('is refused when its user id is the key of a claim of an email, which is in the same table', async () => {
    await scene.expectRefused(
      craftToken(scene.claims({ user_id: `email#${scene.account.email}` }), scene.key),
    );
  });

  it.each([
    ['half of a surrogate pair', '\ud800'],
    ['an id and half of a surrogate pair', '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11\udfff'],
  ])('is refused when its user id is %s', async (_, user_id) => {
    await scene.expectRefused(craftToken(scene.claims({ user_id, sub: scene.account.userId }), scene.key));
  });

  it.each([
    ['an extension', { crit: ['b64'], b64: true }],
    ['none', { crit: [] }],
    ['null', { crit: null }],
  ])('is refused when its header says that it must be understood, and names %s', async (_, header) => {
    await scene.expectRefused(craftToken(scene.claims(), scene.key, header));
  });

  it.each([
    ['empty', ''],
    ['half of a surrogate pair', '\ud800'],
    ['no UUID', 'session'],
    ['longer than a key of the table may be', 'x'.repeat(2049)],
  ])('is refused when its session id is %s', async (_, jti) => {
    await scene.expectRefused(craftToken(scene.claims({ jti }), scene.key));
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
      await scene.expectRefused(craftToken(scene.claims(times()), scene.key));
    });

    it.each(['exp', 'iat', 'nbf'])('is refused when its %s is an infinity', async (name) => {
      for (const number of ['1e400', '-1e400']) {
        // No serialiser writes it.
        const text = JSON.stringify(scene.claims({ [name]: 'HERE' })).replace('"HERE"', number);
        await scene.expectRefused(signText(text, scene.key));
      }
    });

    it.each([
      ['expires in seconds', () => ({ iat: fromNow(-3600), exp: fromNow(10) })],
      ['was issued by a clock half a minute ahead', () => ({ iat: fromNow(30) })],
      ['is valid in half a minute', () => ({ nbf: fromNow(30) })],
      ['is valid since a while', () => ({ nbf: fromNow(-3600) })],
    ])('is accepted when it %s', async (_, times) => {
      await scene.expectAccepted(craftToken(scene.claims(times()), scene.key));
    });
  });
});
