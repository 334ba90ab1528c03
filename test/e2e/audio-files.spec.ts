import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { problemBody } from '../support/problem-body.js';
import { storedAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('POST /api/audio-file', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const post = (body: object) => app.http.post('/api/audio-file').set(ada.authorization).send(body);

  it('answers 201 with the whole record and stores it as the older backend reads it', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { body } = await post({
      s3_key: 'recordings/monday.m4a',
      file_size: 482_133,
      recorded_at: '2025-09-24T18:30:00Z',
    }).expect(201);
    expect(body).toEqual(
      recordBody({ user_id: ada.userId, file_size: 482_133, recorded_at: '2025-09-24T18:30:00Z' }),
    );
    const uploadedAt = Date.parse(body.uploaded_at as string) / 1000;
    expect(uploadedAt).toBeGreaterThanOrEqual(before);
    expect(uploadedAt).toBeLessThanOrEqual(Date.now() / 1000);
    expect(await storedAudioFile(app, body.file_id as string)).toEqual({
      file_id: body.file_id,
      user_id: ada.userId,
      s3_key: 'recordings/monday.m4a',
      file_size: 482_133,
      uploaded_at: uploadedAt,
      uploaded_at_iso: body.uploaded_at,
      recorded_at: Date.parse('2025-09-24T18:30:00Z') / 1000,
      recorded_at_iso: '2025-09-24T18:30:00Z',
    });
  });

  it.each([
    ['left out', {}],
    ['null', { file_size: null, recorded_at: null }],
  ])('answers null for size and recording time that are %s, and stores neither', async (_case, fields) => {
    const { body } = await post({ s3_key: 'recordings/monday.m4a', ...fields }).expect(201);
    expect(body).toEqual(recordBody({ user_id: ada.userId }));
    expect(await storedAudioFile(app, body.file_id as string)).toEqual({
      file_id: body.file_id,
      user_id: ada.userId,
      s3_key: 'recordings/monday.m4a',
      uploaded_at: Date.parse(body.uploaded_at as string) / 1000,
      uploaded_at_iso: body.uploaded_at,
    });
  });

  it('gives the same record from create, get and list', async () => {
    const owner = await registerAccount(app);
    const created = await createAudioFile(app, owner, { recorded_at: '2025-09-24T20:30:00.75+02:00' });
    const path = `/api/audio-file/${created.file_id}`;
    const got = await app.http.get(path).set(owner.authorization).expect(200);
    const listed = await app.http.get('/api/user/audio-files').set(owner.authorization).expect(200);
    expect(got.body).toEqual(created);
    expect(listed.body).toEqual([created]);
  });

  it.each([
    ['2025-09-24T20:30:00+02:00', '2025-09-24T18:30:00Z'],
    ['2025-09-24T18:30:00.999999Z', '2025-09-24T18:30:00Z'],
    ['2025-09-24T14:00:00.5-04:30', '2025-09-24T18:30:00Z'],
    ['2025-01-01T00:30:00+0100', '2024-12-31T23:30:00Z'],
    ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59Z'],
  ])('answers the recording time %s as %s', async (sent, answered) => {
    const created = await createAudioFile(app, ada, { recorded_at: sent });
    expect(created['recorded_at']).toBe(answered);
    expect(await storedAudioFile(app, created.file_id)).toMatchObject({
      recorded_at: Date.parse(answered) / 1000,
      recorded_at_iso: answered,
    });
  });

  it.each([
    ['nothing', 0],
    ['the largest object of S3, 5 TiB', 5 * 1024 ** 4],
  ])('accepts the size of %s', async (_case, size) => {
    const created = await createAudioFile(app, ada, { file_size: size });
    expect(created['file_size']).toBe(size);
    expect(await storedAudioFile(app, created.file_id)).toMatchObject({ file_size: size });
  });

  it('ignores an id, an owner and times of the client, and any other field', async () => {
    const [fileId, userId] = [randomUUID(), randomUUID()];
    const { body } = await post({
      s3_key: 'recordings/monday.m4a',
      file_id: fileId,
      user_id: userId,
      uploaded_at: '2001-01-01T00:00:00Z',
      uploaded_at_iso: '2001-01-01T00:00:00Z',
      recorded_at_iso: '2001-01-01T00:00:00Z',
      status: 'pending',
      object_etag: '"0"',
      version: 7,
      request_hash: 'x',
      transcript: 'Monday',
    }).expect(201);
    expect(body).toEqual(recordBody({ user_id: ada.userId }));
    expect(body).not.toMatchObject({ file_id: fileId });
    expect(body.uploaded_at).not.toMatch(/^2001/);
    expect(await storedAudioFile(app, fileId)).toBeUndefined();
    expect(Object.keys((await storedAudioFile(app, body.file_id as string)) ?? {}).sort()).toEqual(
      ['file_id', 's3_key', 'uploaded_at', 'uploaded_at_iso', 'user_id'].sort(),
    );
  });

  it('gives the same key two records when it is sent twice', async () => {
    const first = await createAudioFile(app, ada);
    const second = await createAudioFile(app, ada);
    expect(second.file_id).not.toBe(first.file_id);
  });

  describe('s3_key', () => {
    it.each([
      ['in the own upload folder', () => `audio_upload/${ada.userId}/monday.m4a`],
      ['deep in the own upload folder', () => `audio_upload/${ada.userId}/2025/09/monday.m4a`],
      ['outside of the upload folder', () => 'elsewhere/monday.m4a'],
      ['beside the upload folder', () => 'audio_upload2/monday.m4a'],
      ['in another folder of the same name', () => `backup/audio_upload/${randomUUID()}/monday.m4a`],
      ['of one character', () => 'm'],
      ['with spaces, accents and emoji', () => 'recordings/Montag früh 💚.m4a'],
      ['with dots that are no segments', () => 'recordings/..monday../a...b'],
      ['of exactly 1,024 bytes in 512 characters', () => 'ä'.repeat(512)],
      ['of exactly 1,024 bytes in 256 characters', () => '💚'.repeat(256)],
    ])('may be one %s', async (_case, keyOf) => {
      const key = keyOf();
      const created = await createAudioFile(app, ada, { s3_key: key });
      expect(created['s3_key']).toBe(key);
      expect(await storedAudioFile(app, created.file_id)).toMatchObject({ s3_key: key });
    });

    it.each([
      ["in somebody else's upload folder", () => `audio_upload/${randomUUID()}/monday.m4a`],
      ['in the upload folder itself', () => 'audio_upload/monday.m4a'],
      ['that is the upload folder', () => 'audio_upload/'],
      ['in a folder that only begins like the own one', () => `audio_upload/${ada.userId}0/monday.m4a`],
      ['that is the name of the own folder', () => `audio_upload/${ada.userId}`],
      ['with an empty segment before the own folder', () => `audio_upload//${ada.userId}/monday.m4a`],
      ['in the own folder in capitals', () => `audio_upload/${ada.userId.toUpperCase()}/monday.m4a`],
    ])('may not be one %s', async (_case, key) => {
      const { body } = await post({ s3_key: key() }).expect(403);
      expect(body).toEqual(problemBody(403, 'Access denied', '/api/audio-file'));
    });

    it.each([
      ['of 1,025 bytes', 'a'.repeat(1025), 'must be at most 1024 bytes of UTF-8'],
      ['of 1,025 bytes in 513 characters', `${'ä'.repeat(512)}a`, 'must be at most 1024 bytes of UTF-8'],
      ['with a leading slash', '/recordings/monday.m4a', 'must not start with a slash'],
      ['with a segment of two dots', 'a/../monday.m4a', 'must not contain "." or ".." segments'],
      ['with a segment of one dot', 'a/./monday.m4a', 'must not contain "." or ".." segments'],
      ['with a line end', 'recordings/monday\n.m4a', 'must not contain control characters'],
    ])('may not be one %s', async (_case, key, rule) => {
      const message = `s3_key ${rule}`;
      const { body } = await post({ s3_key: key }).expect(400);
      expect(body).toEqual(problemBody(400, message, '/api/audio-file', [{ field: 's3_key', message }]));
    });
  });
});
