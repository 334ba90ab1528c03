import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { putAudioFile, rowsOf } from '../support/stored-rows.js';
import { s3Error, startStorageStub, type StorageAnswer, type StorageStub } from '../support/storage-stub.js';
import { openTestBucket, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** What an object may be named, and XML has no form for or some stores trim. */
const ODD = [
  '\ufffe',
  'a\uffff.m4a',
  '\u0001',
  'line\nend',
  'carriage\rreturn',
  'tab\t',
  'escape\u001b[2J',
  'blank ',
  ' blank',
  '\u0085',
];
/** What only looks odd, in a listing or in XML. */
const FINE = ['1+1=2', '100%25', 'a b', 'a&b<c>d"e\'f', 'früh 💚', '&#x41;&amp;', 'monday.m4a'];

describe('objects whose keys XML cannot hold', () => {
  let stub: StorageStub;
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;

  beforeAll(async () => {
    stub = await startStorageStub();
    app = await startTestApp({ S3_ENDPOINT: stub.endpoint });
    bucket = openTestBucket();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(app);
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
    await stub.close();
  });

  const own = (name: string) => `audio_upload/${ada.userId}/${name}`;
  const removeAccount = () =>
    app.http.delete('/api/user').set(ada.authorization).send({ password: ada.password });
  const fill = async (names: readonly string[]) => {
    for (const name of names) await bucket.put(own(name), 'beep');
    expect((await bucket.keysOf(ada)).sort()).toEqual(names.map(own).sort());
  };

  /** A row of the older backend, whose keys were held to nothing. */
  async function record(name: string): Promise<string> {
    const id = randomUUID();
    const uploaded = { uploaded_at: 1_758_762_381, uploaded_at_iso: '2025-09-25T01:06:21' };
    await putAudioFile(app, { file_id: id, user_id: ada.userId, s3_key: own(name), ...uploaded });
    return id;
  }

  it('are deleted with the account', async () => {
    await fill([...ODD, ...FINE]);
    const { body } = await removeAccount().expect(200);
    expect(body).toMatchObject({ objects: ODD.length + FINE.length });
    expect(await bucket.keysOf(ada)).toEqual([]);
    expect((await rowsOf(app, ada.userId)).users).toEqual([]);
  });

  it('are deleted with their records, one by one or many together', async () => {
    await fill([...ODD, ...FINE]);
    const ids = await Promise.all([...ODD, ...FINE].map(record));
    const [first, ...rest] = ids;
    await app.http.delete(`/api/audio-file/${first}`).set(ada.authorization).expect(200);
    const answer = await app.http
      .post('/api/user/audio-files/batch-delete')
      .set(ada.authorization)
      .send({ file_ids: rest });
    const results = (answer.body as { results: { status: number }[] }).results;
    expect(results.map(({ status }) => status)).toEqual(rest.map(() => 200));
    expect(await bucket.keysOf(ada)).toEqual([]);
    expect((await rowsOf(app, ada.userId)).audioFiles).toEqual([]);
  });

  it.each([
    ['U+FFFE', '\ufffe', 'must not contain U+FFFE or U+FFFF'],
    ['U+FFFF', 'a\uffffb', 'must not contain U+FFFE or U+FFFF'],
    ['a control character', 'a\u0001', 'must not contain control characters'],
    ['a blank at the end', 'a ', 'must not end with a blank'],
    ['half a surrogate pair', 'a\ud800', 'must be valid Unicode'],
  ])('are not made anew: %s', async (_what, name, rule) => {
    const refused = (field: string, instance: string) => {
      const message = `${field} ${rule}`;
      return { status: 400, detail: message, instance, errors: [{ field, message }] };
    };
    const s3_key = own(name);
    const created = await app.http.post('/api/audio-file').set(ada.authorization).send({ s3_key });
    expectProblem(created, refused('s3_key', '/api/audio-file'));
    const batch = '/api/user/audio-files/batch-create';
    const { body } = await app.http
      .post(batch)
      .set(ada.authorization)
      .send({ items: [{ s3_key }] });
    expect(body).toMatchObject({
      results: [{ status: 400, problem: { errors: [{ field: 'items.0.s3_key' }] } }],
    });
    // An address cannot hold half a pair at all.
    if (!name.isWellFormed()) return;
    const signed = await app.http.get('/api/presigned-url').query({ key: s3_key }).set(ada.authorization);
    expectProblem(signed, refused('key', '/api/presigned-url'));
  });

  describe('or any other, at a store that takes no batches', () => {
    const names = [...FINE, ...Array.from({ length: 30 }, (_, n) => `${n}.m4a`)];

    it.each<[string, StorageAnswer]>([
      ['since it wants Content-MD5', s3Error(400, 'InvalidRequest')],
      ['since it misses Content-MD5', s3Error(400, 'MissingContentMD5')],
      ['since it reads other XML', s3Error(400, 'MalformedXML')],
      ['since it has no such operation', s3Error(501, 'NotImplemented')],
      ['since it does not know it', s3Error(405, 'MethodNotAllowed')],
    ])('are deleted one by one, %s', async (_why, refusal) => {
      await fill(names);
      stub.behave(({ operation }) => (operation === 'DeleteObjects' ? refusal : 'forward'));
      const { body } = await removeAccount().expect(200);
      expect(body).toMatchObject({ objects: names.length });
      expect(await bucket.keysOf(ada)).toEqual([]);
      expect(stub.calls.filter((operation) => operation === 'DeleteObject')).toHaveLength(names.length);
    });

    it.each<[string, StorageAnswer | 'cut']>([
      ['throttles', s3Error(503, 'SlowDown')],
      ['fails', s3Error(500, 'InternalError')],
      ['refuses us', s3Error(403, 'AccessDenied')],
      ['has forgotten us', s3Error(400, 'ExpiredToken')],
      ['is hidden by a proxy', { status: 502, body: '<html></html>' }],
      ['cuts connections', 'cut'],
    ])('are left where they are while the store %s', async (_how, answer) => {
      await fill(names);
      stub.behave(({ operation }) => (operation === 'DeleteObjects' ? answer : 'forward'));
      await removeAccount().expect(503);
      expect(stub.calls).not.toContain('DeleteObject');
      stub.behave(() => 'forward');
      await removeAccount().expect(200);
    });

    it('are left where the store keeps one of them, and only it', async () => {
      await fill(names);
      stub.behave(({ operation, attempt }) => {
        if (operation === 'DeleteObjects') return s3Error(501, 'NotImplemented');
        return operation === 'DeleteObject' && attempt === 3 ? s3Error(403, 'AccessDenied') : 'forward';
      });
      await removeAccount().expect(503);
      expect(await bucket.keysOf(ada)).toHaveLength(1);
      stub.behave(() => 'forward');
      await removeAccount().expect(200);
    });
  });

  it('or any other are deleted 100 at a time, each time with a deadline of its own', async () => {
    const names = Array.from({ length: 230 }, (_, n) => String(n));
    await fill(names);
    await removeAccount().expect(200);
    expect(stub.calls.filter((operation) => operation === 'DeleteObjects')).toHaveLength(3);
    expect(await bucket.keysOf(ada)).toEqual([]);
  });
});
