import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { craftToken, signingInput } from '../support/crafted-tokens.js';
import { TokenScene } from '../support/token-scene.js';

describe('the bearer token of a protected route, by its algorithm,', () => {
  let scene: TokenScene;

  beforeAll(async () => {
    scene = await TokenScene.start();
  });

  afterAll(() => scene.close());

  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const rsaToken = (header: object) => {
    const input = signingInput({ alg: 'RS256', typ: 'JWT', ...header }, scene.claims());
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  };

  it.each(['none', 'None', 'NONE', ''])('is refused with alg "%s", signed or not', async (alg) => {
    await scene.expectRefused(`${signingInput({ alg, typ: 'JWT' }, scene.claims())}.`);
    await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg }));
  });

  it('is refused without an algorithm', async () => {
    await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg: undefined }));
  });

  it('is refused with HS384 and HS512, also with our key', async () => {
    await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg: 'HS384' }, 'sha384'));
    await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg: 'HS512' }, 'sha512'));
  });

  it('is refused when the header names another algorithm than it was signed with', async () => {
    await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg: 'HS256' }, 'sha512'));
    await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg: 'HS512' }));
    for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA', 'hs256']) {
      await scene.expectRefused(craftToken(scene.claims(), scene.key, { alg }));
    }
  });

  it('is refused with RS256, and with a public key in place of the secret', async () => {
    await scene.expectRefused(rsaToken({}));
    await scene.expectRefused(
      craftToken(scene.claims(), publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    );
  });

  it('is refused when it brings its own key', async () => {
    const secret = randomBytes(32).toString('hex');
    const k = Buffer.from(secret).toString('base64url');

    await scene.expectRefused(craftToken(scene.claims(), secret, { jwk: { kty: 'oct', k, alg: 'HS256' } }));
    await scene.expectRefused(rsaToken({ jwk: publicKey.export({ format: 'jwk' }) }));
    // A key id that names a file with known content: an empty one.
    await scene.expectRefused(craftToken(scene.claims(), '', { kid: '../../../../../../dev/null' }));
  });

  it.each([
    ['jku', { jku: 'https://attacker.example/keys.json' }],
    ['x5u', { x5u: 'https://attacker.example/certificate.pem' }],
    ['kid with a path', { kid: '../../../../../../dev/null' }],
    ['kid with SQL', { kid: "' UNION SELECT 'key' --" }],
    ['jwk', { jwk: { kty: 'oct', k: 'a2V5' } }],
  ])('is accepted with our signature, whatever the header says in %s', async (_, header) => {
    await scene.expectAccepted(craftToken(scene.claims(), scene.key, header));
  });
});
