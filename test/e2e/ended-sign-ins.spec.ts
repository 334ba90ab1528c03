import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { decodeToken } from '../support/crafted-tokens.js';
import { committedOperations } from '../support/documented-paths.js';
import { OLDER_PASSWORD, olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { everyRow } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createUpload, openTestBucket, type TestBucket } from '../support/uploads.js';

type Caller = Pick<Account, 'authorization'>;

/** Whose sign-in it is, and what there is to write to. */
interface Scene {
  readonly userId: string;
  readonly password: string;
  readonly ready: string;
  readonly pending: string;
  /** Another session of the owner. */
  readonly other: Account;
}

const NEW = 'staple battery horse';
const idOf = ({ token }: Pick<Account, 'token'>) => decodeToken(token).claims['jti'] as string;

/** Everything that writes, or signs what will be written, by method and path. */
const WRITES: [method: 'delete' | 'get' | 'patch' | 'post' | 'put', path: string, body?: object][] = [
  ['delete', '/api/user/sessions'],
  ['delete', '/api/user/sessions/{other}'],
  ['post', '/api/token/renew'],
  ['post', '/api/logout'],
  ['put', '/api/user/password', { current_password: '{password}', new_password: 'another battery horse' }],
  ['delete', '/api/user', { password: '{password}' }],
  ['post', '/api/audio-file', { s3_key: 'a.wav' }],
  ['post', '/api/audio-file', { content_type: 'audio/wav', file_size: 4 }],
  ['post', '/api/user/audio-files/batch-create', { items: [{ s3_key: 'a.wav' }] }],
  ['post', '/api/user/audio-files/batch-delete', { file_ids: ['{ready}'] }],
  ['patch', '/api/audio-file/{ready}', { title: 'Changed' }],
  ['delete', '/api/audio-file/{ready}'],
  ['post', '/api/audio-file/{pending}/complete'],
  ['get', '/api/presigned-url?key=audio_upload/{userId}/a.wav'],
];

/** What writes nothing, though it is no GET. */
const READS = ['post /api/user/audio-files/batch-get'];

describe('the writes of these tests', () => {
  it('are all that are documented', () => {
    const documented = committedOperations()
      .filter(({ method, operation }) => method !== 'GET' && operation.security?.length !== 0)
      .map(({ method, template }) => `${method.toLowerCase()} ${template.replace(/\{\w+\}/g, '{}')}`);
    const tested = WRITES.filter(([method]) => method !== 'get').map(
      ([method, path]) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`,
    );
    // Whoever reads this has added a route that is no GET. Add it to WRITES, with a body that is accepted, so that the tests below
    // show that it is refused once the sign-in has ended on another instance, and changes nothing; or to READS where it writes
    // nothing. A GET that signs what will be written belongs to WRITES too, though nothing here asks for it.
    expect(new Set([...tested, ...READS])).toEqual(new Set(documented));
  });
});

describe('a sign-in that has ended on another instance', () => {
  let bucket: TestBucket;
  let here: TestApp;
  /** The one that has the sign-in in its cache. */
  let stale: TestApp;

  beforeAll(async () => {
    bucket = openTestBucket();
    here = await startTestApp({ SESSION_CACHE_SECONDS: '3600' });
    stale = await startTestApp({ SESSION_CACHE_SECONDS: '3600' }, here);
  });

  afterAll(async () => {
    await stale.close();
    await here.close();
    bucket.close();
  });

  const read = (app: TestApp, { authorization }: Caller) => app.http.get('/api/user').set(authorization);

  async function sceneOf(account: Account): Promise<Scene> {
    const { file_id: ready } = await createAudioFile(here, account);
    const upload = await createUpload(here, account);
    await bucket.put(upload.s3_key, 'beep');
    const other = await signIn(here, account);
    return { ...account, ready, pending: upload.file_id, other };
  }

  function fill<T>(template: T, scene: Scene): T {
    const { userId, password, ready, pending, other } = scene;
    const values: Record<string, string> = { userId, password, ready, pending, other: idOf(other) };
    const text = JSON.stringify(template).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
    return JSON.parse(text) as T;
  }

  async function expectRefused(ended: Caller, scene: Scene, write: (typeof WRITES)[number]): Promise<void> {
    const [method, path, body] = fill(write, scene);
    const before = await everyRow(here);
    const answer = await stale.http[method](path).set(ended.authorization).send(body);
    const instance = path.split('?')[0] ?? '';
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(await everyRow(here)).toEqual(before);
    expect(await bucket.get(`audio_upload/${scene.userId}/${scene.pending}.wav`)).toBeDefined();
    // Nothing has come back, and the owner is still in.
    await read(here, ended).expect(401);
    await read(here, scene.other).expect(200);
    await read(stale, scene.other).expect(200);
  }

  const ENDINGS: [name: string, end: (scene: Scene, account: Account) => PromiseLike<unknown>][] = [
    [
      'alone',
      ({ other }, account) =>
        here.http
          .delete(`/api/user/sessions/${idOf(account)}`)
          .set(other.authorization)
          .expect(200),
    ],
    [
      'with all others',
      ({ other }) => here.http.delete('/api/user/sessions').set(other.authorization).expect(200),
    ],
    [
      'by a change of password',
      ({ other, password }) =>
        here.http
          .put('/api/user/password')
          .set(other.authorization)
          .send({ current_password: password, new_password: password })
          .expect(200),
    ],
  ];

  describe.each(ENDINGS)('%s', (_name, end) => {
    let account: Account;
    let scene: Scene;

    beforeEach(async () => {
      account = await registerAccount(here);
      scene = await sceneOf(account);
      for (const caller of [account, scene.other]) await read(stale, caller).expect(200);
      await end(scene, account);
    });

    it.each(WRITES)('is refused, and changes nothing: %s %s %j', async (...write) => {
      await expectRefused(account, scene, write);
    });
  });

  describe('of the older backend', () => {
    let older: Caller;
    let scene: Scene;

    beforeEach(async () => {
      const { user_id: userId, email } = await putOlderUser(here);
      older = { authorization: olderToken(here, userId) };
      const account = await signIn(here, { email, password: OLDER_PASSWORD });
      scene = await sceneOf(account);
      for (const caller of [older, scene.other]) await read(stale, caller).expect(200);
      await here.http.delete('/api/user/sessions').set(scene.other.authorization).expect(200);
    });

    it.each(WRITES)('is refused, and changes nothing: %s %s %j', async (...write) => {
      await expectRefused(older, scene, write);
    });
  });

  it('of an account that is gone writes nothing any more', async () => {
    const account = await registerAccount(here);
    const scene = await sceneOf(account);
    await read(stale, account).expect(200);
    await here.http.delete('/api/user').set(scene.other.authorization).send(account).expect(200);
    for (const write of WRITES) {
      const [method, path, body] = fill(write, scene);
      const before = await everyRow(here);
      await stale.http[method](path).set(account.authorization).send(body).expect(401);
      expect(await everyRow(here)).toEqual(before);
    }
  });

  it('may read for as long as it is in the cache, until it has tried to write', async () => {
    const account = await registerAccount(here);
    const { other } = await sceneOf(account);
    await read(stale, account).expect(200);
    await here.http.delete('/api/user/sessions').set(other.authorization).expect(200);
    const ids = { file_ids: [randomUUID()] };
    await stale.http.post('/api/user/audio-files/batch-get').set(account.authorization).send(ids).expect(200);
    await read(stale, account).expect(200);
    await stale.http.post('/api/audio-file').set(account.authorization).send({ s3_key: 'a' }).expect(401);
    await read(stale, account).expect(401);
  });
});

describe('sign-ins in one process that end while they write', () => {
  const ROUNDS = 10;
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const changePassword = ({ authorization }: Caller, current: string, replacement: string) =>
    app.http
      .put('/api/user/password')
      .set(authorization)
      .send({ current_password: current, new_password: replacement });
  const read = ({ authorization }: Caller) => app.http.get('/api/user').set(authorization);

  it('throw nobody out who has just changed the password', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const thief = await registerAccount(app);
      const owner = await signIn(app, thief);
      const [changed] = await Promise.all([
        changePassword(owner, owner.password, NEW),
        app.http.delete('/api/user/sessions').set(thief.authorization),
      ]);
      // Whoever was first ended the other one.
      const alive = changed.status === 200 ? owner : thief;
      await read(alive).expect(200);
      await read(alive === owner ? thief : owner).expect(401);
    }
  });

  it('make no session of a token of the older backend that a change of password has ended', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const owner = await registerAccount(app);
      const older = { authorization: olderToken(app, owner.userId) };
      await read(older).expect(200);
      const renewals = Array.from({ length: 4 }, async () =>
        app.http.post('/api/token/renew').set(older.authorization),
      );
      await changePassword(owner, owner.password, NEW).expect(200);
      await read(older).expect(401);
      for (const { status, body } of await Promise.all(renewals)) {
        expect([200, 401]).toContain(status);
        const { token = '' } = body as { token?: string };
        await read({ authorization: { Authorization: `Bearer ${token}` } }).expect(401);
      }
      await read(owner).expect(200);
    }
  });
});
