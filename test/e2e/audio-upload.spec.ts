import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { objectStorage } from '../support/engine.js';
import { expectProblem } from '../support/problems.js';
import { storedAudioFile } from '../support/stored-rows.js';
import { createUpload, openTestBucket, send, type TestBucket, type Upload } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/audio-file';
/** What is sent with four bytes, besides their type. */
const SENT = { 'Content-Length': '4', 'If-None-Match': '*' };

describe('an upload', () => {
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let audio: Buffer;
  let sha256: string;

  beforeAll(async () => {
    app = await startTestApp();
    bucket = openTestBucket();
    ada = await registerAccount(app);
    audio = await readFile(new URL('../fixtures/recording.wav', import.meta.url));
    sha256 = createHash('sha256').update(audio).digest('hex');
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
  });

  const ownKey = (fileId: string, extension: string) => `audio_upload/${ada.userId}/${fileId}${extension}`;

  /** The parameters of an address, and the seconds it is said to be good for from when it was signed. */
  function partsOf({ url, expires_at }: Pick<Upload, 'url' | 'expires_at'>) {
    const { origin, pathname, searchParams } = new URL(url);
    const query = Object.fromEntries(searchParams);
    const signed = String(query['X-Amz-Date']).replace(
      /^(....)(..)(..)T(..)(..)(..)Z$/,
      '$1-$2-$3T$4:$5:$6Z',
    );
    const path = decodeURIComponent(pathname);
    return { origin, path, query, seconds: (Date.parse(expires_at) - Date.parse(signed)) / 1000 };
  }

  const queryOf = (seconds: number, signedHeaders: string) => ({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
    'X-Amz-Credential': expect.stringMatching(/^local\/\d{8}\/us-east-1\/s3\/aws4_request$/),
    'X-Amz-Date': expect.stringMatching(/^\d{8}T\d{6}Z$/),
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': signedHeaders,
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
  });

  it('goes from the first request to the last with the very bytes of a real recording', async () => {
    const fields = {
      content_type: 'audio/wav',
      file_size: audio.length,
      checksum_sha256: sha256.toUpperCase(),
      title: 'Five notes 💚',
      tags: ['melody', 'test', 'melody'],
      duration_seconds: 1.50049,
      recorded_at: '2025-09-24T20:30:00+02:00',
    };
    const { body: created } = await app.http.post(PATH).set(ada.authorization).send(fields).expect(201);
    const { upload, ...record } = created as Record<string, unknown> & { file_id: string; upload: Upload };
    const pending = recordBody({
      file_id: record.file_id,
      user_id: ada.userId,
      s3_key: ownKey(record.file_id, '.wav'),
      file_size: audio.length,
      recorded_at: '2025-09-24T18:30:00Z',
      status: 'pending',
      title: 'Five notes 💚',
      tags: ['melody', 'test'],
      duration_seconds: 1.5,
      content_type: 'audio/wav',
      checksum_sha256: sha256,
    });
    expect(record).toEqual(pending);
    expect(upload).toEqual({
      url: expect.stringMatching(/^http:/),
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      method: 'PUT',
      headers: {
        'Content-Type': 'audio/wav',
        'Content-Length': String(audio.length),
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
        'If-None-Match': '*',
      },
    });
    expect(await send(upload, audio)).toBe(200);

    const at = `${PATH}/${record.file_id}`;
    const { body: completed, headers } = await app.http
      .post(`${at}/complete`)
      .set(ada.authorization)
      .expect(200);
    const md5 = createHash('md5').update(audio).digest('hex');
    const ready = {
      ...pending,
      uploaded_at: record['uploaded_at'],
      status: 'ready',
      object_etag: `"${md5}"`,
    };
    expect(completed).toEqual(ready);
    const { body: got, headers: gotHeaders } = await app.http.get(at).set(ada.authorization).expect(200);
    expect(got).toEqual(ready);
    expect(gotHeaders['etag']).toBe(headers['etag']);
    expect(await bucket.get(ownKey(record.file_id, '.wav'))).toEqual(audio);
  });

  it('of which nothing more is said is a pending record, and stays one for whoever reads it', async () => {
    const { upload, ...created } = await createUpload(app, ada);
    const at = `${PATH}/${created.file_id}`;
    expect(upload.headers).toEqual({ 'Content-Type': 'audio/wav', ...SENT });
    expect(created).toEqual(
      recordBody({
        user_id: ada.userId,
        s3_key: ownKey(created.file_id, '.wav'),
        file_size: 4,
        status: 'pending',
        content_type: 'audio/wav',
      }),
    );
    const { body } = await app.http.get(at).set(ada.authorization).expect(200);
    expect(body).toEqual(created);
    expect(await storedAudioFile(app, created.file_id)).toEqual({
      file_id: created.file_id,
      user_id: ada.userId,
      s3_key: created.s3_key,
      file_size: 4,
      uploaded_at: Date.parse(created['uploaded_at'] as string) / 1000,
      uploaded_at_iso: created['uploaded_at'],
      status: 'pending',
      content_type: 'audio/wav',
    });
  });

  it('ignores what clients have no say in', async () => {
    const own = { status: 'ready', object_etag: '"x"', version: 7, upload: {}, file_id: 'x', user_id: 'x' };
    const { upload, ...created } = await createUpload(app, ada, { ...own, s3_key: null });
    expect(upload.method).toBe('PUT');
    expect(created).toMatchObject({ status: 'pending', object_etag: null, user_id: ada.userId });
    expect(created['version']).toBeUndefined();
  });

  it('has an address for 15 minutes that binds key, type and length, and no checksum of an empty body', async () => {
    const { upload, s3_key: key } = await createUpload(app, ada);
    expect(partsOf(upload)).toEqual({
      origin: objectStorage().endpoint,
      path: `/${objectStorage().bucket}/${key}`,
      query: queryOf(900, 'content-length;content-type;host;if-none-match'),
      seconds: 900,
    });
    expect(Math.abs(Date.parse(upload.expires_at) - Date.now() - 900_000)).toBeLessThan(60_000);
  });

  it('binds the checksum too, where it is known', async () => {
    const { upload } = await createUpload(app, ada, { file_size: audio.length, checksum_sha256: sha256 });
    const names = 'content-length;content-type;host;if-none-match;x-amz-checksum-sha256';
    expect(partsOf(upload)).toMatchObject({ query: queryOf(900, names), seconds: 900 });
    const { 'x-amz-checksum-sha256': checksum = '', ...rest } = upload.headers;
    expect(await send(upload, audio, { headers: rest })).toBe(403);
    const other = createHash('sha256').update('other').digest('base64');
    expect(await send(upload, audio, { headers: { ...rest, 'x-amz-checksum-sha256': other } })).toBe(403);
    expect(await send(upload, audio, { headers: { ...rest, 'x-amz-checksum-sha256': checksum } })).toBe(200);
  });

  it('to a key of the own choice has an address for 15 minutes too, and a download one for 5', async () => {
    const key = `audio_upload/${ada.userId}/chosen.wav`;
    const { body: chosen } = await app.http
      .get('/api/presigned-url')
      .query({ key })
      .set(ada.authorization)
      .expect(200);
    const parts = { origin: objectStorage().endpoint, path: `/${objectStorage().bucket}/${key}` };
    expect(Object.keys(chosen as object).sort()).toEqual(['expires_at', 'url']);
    expect(partsOf(chosen as Upload)).toEqual({ ...parts, query: queryOf(900, 'host'), seconds: 900 });

    const { body: record } = await app.http
      .post(PATH)
      .set(ada.authorization)
      .send({ s3_key: key })
      .expect(201);
    const at = `${PATH}/${record.file_id}/download-url`;
    const { body: link } = await app.http.get(at).set(ada.authorization).expect(200);
    expect(Object.keys(link as object).sort()).toEqual(['expires_at', 'url']);
    const shown = {
      'response-content-type': 'application/octet-stream',
      'response-content-disposition': `attachment; filename="${record.file_id}.wav"`,
    };
    const query = { ...queryOf(300, 'host'), ...shown };
    expect(partsOf(link as Upload)).toEqual({ ...parts, query, seconds: 300 });
  });

  it.each([
    ['audio/mp4', 'audio/mp4', '.m4a'],
    ['audio/mpeg', 'audio/mpeg', '.mp3'],
    ['audio/webm;codecs=opus', 'audio/webm;codecs=opus', '.webm'],
    ['audio/webm; codecs=opus', 'audio/webm;codecs=opus', '.webm'],
    ['AUDIO/WebM;codecs=OPUS', 'audio/webm;codecs=OPUS', '.webm'],
    ['audio/ogg; codecs="vorbis, opus"; x=1', 'audio/ogg;codecs="vorbis, opus"; x=1', '.ogg'],
    ['Audio/X-M4A', 'audio/x-m4a', '.m4a'],
    ['application/octet-stream', 'application/octet-stream', '.bin'],
    ['audio/vnd.something+new', 'audio/vnd.something+new', ''],
  ])(
    'of the type %s is sent and recorded as %s, to a key that ends with "%s"',
    async (said, kept, extension) => {
      const { upload, ...created } = await createUpload(app, ada, { content_type: said });
      const key = ownKey(created.file_id, extension);
      expect(created).toMatchObject({ content_type: kept, s3_key: key });
      expect(upload.headers).toEqual({ 'Content-Type': kept, ...SENT });
      expect(await send(upload)).toBe(200);
      const complete = `${PATH}/${created.file_id}/complete`;
      const { body } = await app.http.post(complete).set(ada.authorization).expect(200);
      expect(body).toMatchObject({ content_type: kept, status: 'ready', s3_key: key });
    },
  );

  it('is for whoever is signed in', async () => {
    const fields = { content_type: 'audio/wav', file_size: 4 };
    const none = await app.http.post(PATH).send(fields);
    expectProblem(none, { status: 401, detail: 'Not authenticated', instance: PATH });
    const bad = await app.http.post(PATH).set('Authorization', 'Bearer x').send(fields);
    expectProblem(bad, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
  });
});
