import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { createUpload, openTestBucket, send, type TestBucket } from '../support/uploads.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/presigned-url';
const DENIED = { status: 403, detail: 'Access denied', instance: PATH };

describe('GET /api/presigned-url', () => {
  let app: TestApp;
  let bucket: TestBucket;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    bucket = openTestBucket();
    ada = await registerAccount(app);
  });

  afterAll(async () => {
    bucket.close();
    await app.close();
  });

  const ask = (key: string, { authorization } = ada) =>
    app.http.get(`${PATH}?key=${encodeURIComponent(key)}`).set(authorization);

  async function upload(key: string, audio: string): Promise<number> {
    const { body } = await ask(key).expect(200);
    expect(body).toEqual({
      url: expect.any(String),
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    return (await fetch(body.url as string, { method: 'PUT', body: audio })).status;
  }

  it.each([
    'monday.m4a',
    'a folder/on the train.m4a',
    'früh am Morgen.m4a',
    '💚.m4a',
    '1+1=2.m4a',
    '100%.m4a',
    '100%25 %2F.m4a',
    '?a=b&c#d.m4a',
    "it's (a) *star*!.m4a",
    'a:b@c,d;e$f~g-h_i.j.m4a',
    '..monday',
  ])('lets the caller upload and play back %s', async (name) => {
    const key = `audio_upload/${ada.userId}/${name}`;
    expect(await upload(key, `audio of ${name}`)).toBe(200);
    expect(String(await bucket.get(key))).toBe(`audio of ${name}`);
    const { file_id: fileId } = await createAudioFile(app, ada, { s3_key: key });
    const { body } = await app.http
      .get(`/api/audio-file/${fileId}/download-url`)
      .set(ada.authorization)
      .expect(200);
    expect(await (await fetch(body.url as string)).text()).toBe(`audio of ${name}`);
  });

  it.each(['%FF', '%C3', '%C3.m4a', 'a%E2%82', '%ED%A0%80', '%C0%AF', '%F5%80%80%80'])(
    'signs nothing for %s, which is no UTF-8',
    async (name) => {
      const message = 'The query must be percent-encoded UTF-8';
      const errors = [{ field: 'query', message }];
      for (const query of [
        `key=audio_upload/${ada.userId}/${name}`,
        `other=${name}&key=a`,
        `${name}=1&key=a`,
      ]) {
        const answer = await sendRaw(app, 'GET', `${PATH}?${query}`, { headers: { ...ada.authorization } });
        expectProblem(answer, { status: 400, detail: message, instance: PATH, errors });
      }
      const path = `/api/audio-file/${name}`;
      const answer = await sendRaw(app, 'GET', path, { headers: { ...ada.authorization } });
      expect(answer.status).toBe(400);
    },
  );

  it('signs nothing for bytes that are not encoded', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const { Authorization: token } = ada.authorization;
    socket.write(
      `GET ${PATH}?key=audio_upload/${ada.userId}/früh HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${token}\r\n\r\n`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('signs a key with U+FFFD, and one with a percent sign that encodes nothing', async () => {
    for (const name of ['%EF%BF%BD.m4a', '100%', '5%zz']) {
      await app.http.get(`${PATH}?key=audio_upload/${ada.userId}/${name}`).set(ada.authorization).expect(200);
    }
  });

  it('takes any length and type, again and again', async () => {
    const { body } = await ask(`audio_upload/${ada.userId}/again.m4a`).expect(200);
    for (const [audio, type] of [
      ['a', 'audio/mp4'],
      ['something longer', 'audio/mpeg'],
      ['', 'application/octet-stream'],
    ] as const) {
      const request = { method: 'PUT', headers: { 'Content-Type': type }, body: audio };
      expect((await fetch(body.url as string, request)).status).toBe(200);
      expect(String(await bucket.get(`audio_upload/${ada.userId}/again.m4a`))).toBe(audio);
    }
  });

  it('refuses another key and another method in the address', async () => {
    const { body } = await ask(`audio_upload/${ada.userId}/tuesday.m4a`).expect(200);
    const url = body.url as string;
    const other = url.replace('tuesday', 'monday');
    expect(other).not.toBe(url);
    expect((await fetch(other, { method: 'PUT', body: 'x' })).status).toBe(403);
    for (const method of ['GET', 'HEAD', 'DELETE']) expect((await fetch(url, { method })).status).toBe(403);
  });

  it.each([
    ['in the folder of somebody else', () => `audio_upload/${randomUUID()}/a`],
    ['outside of the upload folder', () => 'recordings/a'],
    ['at the top of the upload folder', () => 'audio_upload/a'],
    ['that is the own folder', () => `audio_upload/${ada.userId}/`],
    ['that is the name of the own folder', () => `audio_upload/${ada.userId}`],
    ['that only begins like the own folder', () => `audio_upload/${ada.userId}0/a`],
    ['in the own folder in capitals', () => `audio_upload/${ada.userId.toUpperCase()}/a`],
    ['below a folder of another name', () => `x/audio_upload/${ada.userId}/a`],
    ['with an empty segment before the own folder', () => `audio_upload//${ada.userId}/a`],
  ])('is 403 for a key %s', async (_where, keyOf) => {
    expectProblem(await ask(keyOf()), DENIED);
  });

  it.each([
    ['missing', '', 'is required'],
    ['empty', '?key=', 'must not be empty'],
    ['given twice', '?key=a&key=b', 'must be a string'],
    ['a list', '?key[]=a', 'is required'],
    ['too long', `?key=${'a'.repeat(1025)}`, 'must be at most 1024 bytes of UTF-8'],
    ['too long in UTF-8', `?key=${'%C3%A4'.repeat(513)}`, 'must be at most 1024 bytes of UTF-8'],
    ['with a leading slash', '?key=/a', 'must not start with a slash'],
    ['with a segment of two dots', '?key=a/../b', 'must not contain "." or ".." segments'],
    ['with an encoded segment of two dots', '?key=a%2F..%2Fb', 'must not contain "." or ".." segments'],
    ['with a control character', '?key=a%0Ab', 'must not contain control characters'],
  ])('is 400 and names the key when it is %s', async (_how, query, rule) => {
    const message = `key ${rule}`;
    const answer = await app.http.get(`${PATH}${query}`).set(ada.authorization);
    const errors = [{ field: 'key', message }];
    expectProblem(answer, { status: 400, detail: message, instance: PATH, errors });
  });

  it('is for whoever is signed in', async () => {
    const query = `?key=audio_upload/${ada.userId}/a`;
    const none = await app.http.get(`${PATH}${query}`);
    expectProblem(none, { status: 401, detail: 'Not authenticated', instance: PATH });
    const bad = await app.http.get(`${PATH}${query}`).set('Authorization', 'Bearer x');
    expectProblem(bad, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
  });

  describe('with another folder for new uploads', () => {
    let moved: TestApp;

    beforeAll(async () => {
      moved = await startTestApp({ AWS_S3_AUDIO_FOLDER: 'uploads/audio' }, app);
    });

    afterAll(() => moved.close());

    it.each(['uploads/audio', 'audio_upload'])('signs for the own folder in %s only', async (folder) => {
      const own = `${folder}/${ada.userId}/both.m4a`;
      const { body } = await moved.http.get(PATH).query({ key: own }).set(ada.authorization).expect(200);
      expect((await fetch(body.url as string, { method: 'PUT', body: 'both' })).status).toBe(200);
      expect(String(await bucket.get(own))).toBe('both');
      const foreign = `${folder}/${randomUUID()}/a`;
      expectProblem(await moved.http.get(PATH).query({ key: foreign }).set(ada.authorization), DENIED);
      const record = await moved.http
        .post('/api/audio-file')
        .set(ada.authorization)
        .send({ s3_key: foreign });
      expectProblem(record, { ...DENIED, instance: '/api/audio-file' });

      const { file_id: fileId } = await createAudioFile(moved, ada, { s3_key: own });
      const at = `/api/audio-file/${fileId}`;
      const link = await moved.http.get(`${at}/download-url`).set(ada.authorization).expect(200);
      expect(await (await fetch(link.body.url as string)).text()).toBe('both');
      await moved.http.delete(at).set(ada.authorization).expect(200);
      expect(await bucket.get(own)).toBeUndefined();
    });

    it('makes new keys there', async () => {
      const record = await createUpload(moved, ada);
      expect(record.s3_key).toBe(`uploads/audio/${ada.userId}/${record.file_id}.wav`);
      expect(await send(record.upload)).toBe(200);
    });
  });
});
