import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { objectStorage } from '../support/engine.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const audio = readFileSync(new URL('../fixtures/recording.wav', import.meta.url));

describe('S3_PUBLIC_ENDPOINT', () => {
  // The store under another name: an address that is signed for one is refused by the other.
  const publicEndpoint = objectStorage().endpoint.replace('127.0.0.1', 'localhost');
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ S3_PUBLIC_ENDPOINT: publicEndpoint });
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  it('is where clients upload to and download from', async () => {
    const created = await app.http
      .post('/api/audio-file')
      .set(ada.authorization)
      .send({ content_type: 'audio/wav', file_size: audio.length })
      .expect(201);
    const { file_id: id, upload } = created.body;
    expect(upload.url).toMatch(new RegExp(`^${publicEndpoint}/${objectStorage().bucket}/`));
    const headers = Object.fromEntries(
      Object.entries(upload.headers as Record<string, string>).filter(([name]) => name !== 'Content-Length'),
    );
    expect((await fetch(upload.url, { method: 'PUT', headers, body: audio })).status).toBe(200);

    await app.http.post(`/api/audio-file/${id}/complete`).set(ada.authorization).expect(200);
    const { body } = await app.http
      .get(`/api/audio-file/${id}/download-url`)
      .set(ada.authorization)
      .expect(200);
    expect(body.url).toMatch(new RegExp(`^${publicEndpoint}/`));
    const download = await fetch(body.url);
    expect(download.status).toBe(200);
    expect(Buffer.from(await download.arrayBuffer())).toEqual(audio);
    const otherName = String(body.url).replace('localhost', '127.0.0.1');
    expect((await fetch(otherName)).status).toBe(403);

    const key = `audio_upload/${ada.userId}/apart.wav`;
    const signed = await app.http.get('/api/presigned-url').query({ key }).set(ada.authorization).expect(200);
    expect(signed.body.url).toMatch(new RegExp(`^${publicEndpoint}/`));
  });

  it('need not be reachable for the service itself', async () => {
    const beyond = await startTestApp({ S3_PUBLIC_ENDPOINT: 'https://audio.example.com' }, app);
    try {
      const key = `audio_upload/${ada.userId}/beyond.wav`;
      const { body } = await beyond.http
        .get('/api/presigned-url')
        .query({ key })
        .set(ada.authorization)
        .expect(200);
      expect(body.url).toMatch(/^https:\/\/audio\.example\.com\//);
      const created = await beyond.http
        .post('/api/audio-file')
        .set(ada.authorization)
        .send({ s3_key: key })
        .expect(201);
      // Deletes the object in the store, or says that it cannot.
      const path = `/api/audio-file/${created.body.file_id}`;
      await beyond.http.delete(path).set(ada.authorization).expect(200);
    } finally {
      await beyond.close();
    }
  });
});
