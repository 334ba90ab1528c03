import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { putAudioFile } from '../support/stored-rows.js';
import { createUpload, openTestBucket, send, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const DENIED = { status: 403, detail: 'Access denied' };

describe('GET /api/audio-file/{file_id}/download-url', () => {
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;
  let audio: Buffer;
  let fileId: string;

  beforeAll(async () => {
    app = await startTestApp();
    bucket = openTestBucket();
    ada = await registerAccount(app);
    audio = await readFile(new URL('../fixtures/recording.wav', import.meta.url));
    const record = await createUpload(app, ada, { file_size: audio.length });
    fileId = record.file_id;
    await send(record.upload, audio);
    await app.http.post(`/api/audio-file/${fileId}/complete`).set(ada.authorization).expect(200);
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
  });

  const pathOf = (id: string) => `/api/audio-file/${id}/download-url`;
  const link = (id: string, { authorization } = ada) => app.http.get(pathOf(id)).set(authorization);

  async function addressOf(id: string): Promise<string> {
    const { body } = await link(id).expect(200);
    expect(body).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/audio\/audio_upload\//),
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    return body.url as string;
  }

  const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

  it('leads to the whole recording, byte for byte', async () => {
    const answer = await fetch(await addressOf(fileId));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('audio/wav');
    expect(await bytesOf(answer)).toEqual(audio);
  });

  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=100-199', 100, 200],
    ['bytes=12000-', 12_000, 12_044],
    ['bytes=12043-12043', 12_043, 12_044],
  ])('leads to the range %s of it', async (Range, start, end) => {
    const answer = await fetch(await addressOf(fileId), { headers: { Range } });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${audio.length}`);
    expect(await bytesOf(answer)).toEqual(audio.subarray(start, end));
  });

  it('leads nowhere with another method, key, signature or parameter', async () => {
    const url = await addressOf(fileId);
    for (const method of ['PUT', 'DELETE', 'POST', 'HEAD']) {
      expect((await fetch(url, { method })).status).toBe(403);
    }
    for (const other of [
      url.replace(fileId, randomUUID()),
      url.replace(/(X-Amz-Signature=)./, (_, name: string) => `${name}x`),
      url.replace('X-Amz-Expires=300', 'X-Amz-Expires=3000'),
      `${url}&response-content-type=text%2Fhtml`,
    ]) {
      expect(other).not.toBe(url);
      expect((await fetch(other)).status).toBe(403);
    }
    expect((await fetch(url)).status).toBe(200);
  });

  it('is 409 while the record is pending', async () => {
    const { file_id: pending, upload } = await createUpload(app, ada);
    const detail = 'The audio has not been uploaded yet';
    expectProblem(await link(pending), { status: 409, detail, instance: pathOf(pending) });
    await send(upload);
    expectProblem(await link(pending), { status: 409, detail, instance: pathOf(pending) });
  });

  it('is there for a key in the own folder that the client chose, whatever its characters', async () => {
    const key = `audio_upload/${ada.userId}/Montag früh 100% +💚.m4a`;
    await bucket.put(key, audio);
    const { file_id: chosen } = await createAudioFile(app, ada, { s3_key: key });
    expect(await bytesOf(await fetch(await addressOf(chosen)))).toEqual(audio);
  });

  it('is answered as a file of the record and never as a page, whatever was uploaded', async () => {
    const key = `audio_upload/${ada.userId}/page.html`;
    const { body: address } = await app.http.get('/api/presigned-url').query({ key }).set(ada.authorization);
    const page = {
      method: 'PUT',
      headers: { 'Content-Type': 'text/html' },
      body: '<script>alert(1)</script>',
    };
    expect((await fetch((address as { url: string }).url, page)).status).toBe(200);
    const plain = await createAudioFile(app, ada, { s3_key: key });
    const typed = await createAudioFile(app, ada, {
      ...{ s3_key: key, content_type: 'audio/ogg;codecs="vorbis, opus"', title: 'Frühstück\r\n"50 %"/..' },
    });
    const shown = async (id: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(await addressOf(id), { headers });
      return [answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')];
    };
    const saved = `attachment; filename="${plain.file_id}"`;
    expect(await shown(plain.file_id)).toEqual([200, 'application/octet-stream', saved]);
    const name =
      'attachment; filename="Fr_hst_ck___50 ___.ogg"; filename*=UTF-8\'\'Fr%C3%BChst%C3%BCck___50%20%25__.ogg';
    for (const [status, headers] of [
      [200, {}],
      [206, { Range: 'bytes=0-3' }],
    ] as const) {
      expect(await shown(typed.file_id, headers)).toEqual([status, 'audio/ogg;codecs="vorbis, opus"', name]);
    }
    const url = new URL(await addressOf(typed.file_id));
    for (const parameter of ['response-content-type', 'response-content-disposition']) {
      const other = new URL(url);
      other.searchParams.set(parameter, 'text/html');
      expect((await fetch(other)).status).toBe(403);
      other.searchParams.delete(parameter);
      expect((await fetch(other)).status).toBe(403);
    }
  });

  it('leads to a 404 of S3 where the object is missing', async () => {
    const key = `audio_upload/${ada.userId}/missing.m4a`;
    const { file_id: missing } = await createAudioFile(app, ada, { s3_key: key });
    expect((await fetch(await addressOf(missing))).status).toBe(404);
  });

  it.each([
    ['outside of the upload folder', () => 'recordings/monday.m4a'],
    ["in somebody else's folder", () => `audio_upload/${randomUUID()}/monday.m4a`],
    ['that is the own folder', () => `audio_upload/${ada.userId}/`],
    ['that only begins like the own folder', () => `audio_upload/${ada.userId}0/monday.m4a`],
    ['at the top of the upload folder', () => 'audio_upload/monday.m4a'],
  ])('is 403 for a record of the own that names a key %s', async (_where, keyOf) => {
    const id = randomUUID();
    // Rows of the older backend name any key.
    const uploaded = { uploaded_at: 1_758_762_381, uploaded_at_iso: '2025-09-25T01:06:21.123456' };
    await putAudioFile(app, { file_id: id, user_id: ada.userId, s3_key: keyOf(), ...uploaded });
    expectProblem(await link(id), { ...DENIED, instance: pathOf(id) });
  });

  it('is for the owner only', async () => {
    const path = pathOf(fileId);
    expectProblem(await link(fileId, await registerAccount(app)), { ...DENIED, instance: path });
    const none = await app.http.get(path);
    expectProblem(none, { status: 401, detail: 'Not authenticated', instance: path });
    const bad = await app.http.get(path).set('Authorization', 'Bearer x');
    expectProblem(bad, { status: 401, detail: 'Token is invalid or expired', instance: path });
  });

  it('is 404 for an unknown record, and for what is no id', async () => {
    for (const id of [randomUUID(), 'monday']) {
      const expected = { status: 404, detail: 'Audio file not found', instance: pathOf(id) };
      expectProblem(await link(id), expected);
    }
  });
});
