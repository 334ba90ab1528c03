import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Upload {
  url: string;
  method: string;
  headers: Record<string, string>;
  expires_at: string;
}

describe('the audio of a recording', () => {
  let app: TestApp;
  let ada: Account;
  let audio: Buffer;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
    audio = await readFile(new URL('../fixtures/recording.wav', import.meta.url));
  });

  afterAll(() => app.close());

  it('is uploaded, completed, played back in ranges and deleted', async () => {
    const { body: created } = await app.http
      .post('/api/audio-file')
      .set(ada.authorization)
      .send({
        content_type: 'audio/wav',
        file_size: audio.length,
        checksum_sha256: createHash('sha256').update(audio).digest('hex'),
        title: 'Five notes',
        tags: ['melody', 'test'],
        duration_seconds: 1.5,
      })
      .expect(201);
    const upload = created.upload as Upload;
    const at = `/api/audio-file/${created.file_id}`;
    const put = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: audio });
    expect(put.status).toBe(200);
    const { body: ready, headers } = await app.http.post(`${at}/complete`).set(ada.authorization).expect(200);
    expect(ready.status).toBe('ready');
    const { body: link } = await app.http.get(`${at}/download-url`).set(ada.authorization).expect(200);
    const part = await fetch(link.url as string, { headers: { Range: 'bytes=100-199' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(audio.subarray(100, 200));
    const patched = await app.http
      .patch(at)
      .set(ada.authorization)
      .set('If-Match', headers['etag'] as string)
      .set('Content-Type', 'application/merge-patch+json')
      .send(JSON.stringify({ title: null, tags: ['x'] }))
      .expect(200);
    expect(patched.body).toMatchObject({ title: null, tags: ['x'] });
    await app.http
      .patch(at)
      .set(ada.authorization)
      .set('If-Match', headers['etag'] as string)
      .send({ title: 'b' })
      .expect(412);
    for (const query of [
      'tag=x',
      'content_type=audio/wav',
      'status=ready',
      `min_size=5&max_size=${audio.length}`,
      'q=AUDIO_up',
      'uploaded_from=2020-01-01T00:00:00Z&uploaded_to=2090-01-01T00:00:00Z',
      'order=oldest',
    ]) {
      const { body } = await app.http
        .get(`/api/user/audio-files?${query}`)
        .set(ada.authorization)
        .expect(200);
      expect({ query, count: body.length }).toEqual({ query, count: 1 });
    }
    const other = await registerAccount(app);
    const batch = await app.http
      .post('/api/user/audio-files/batch-create')
      .set(ada.authorization)
      .send({
        items: [
          { s3_key: 'a/b' },
          { client_id: 'c1', content_type: 'audio/webm;codecs=opus', file_size: 3 },
          { client_id: 'c1', content_type: 'audio/webm;codecs=opus', file_size: 3 },
          { client_id: 'c1', s3_key: 'x' },
          { s3_key: '/x' },
          5,
          { s3_key: `audio_upload/${other.userId}/x` },
        ],
      })
      .expect(200);
    expect(batch.body.results.map((r: { status: number }) => r.status)).toEqual([
      201, 201, 200, 422, 400, 400, 403,
    ]);
    const ids = batch.body.results.map(
      (r: { audio_file?: { file_id: string } }) => r.audio_file?.file_id ?? 'x',
    );
    const got = await app.http
      .post('/api/user/audio-files/batch-get')
      .set(ada.authorization)
      .send({ file_ids: [...ids, created.file_id, 7] })
      .expect(200);
    expect(got.body.results.map((r: { status: number }) => r.status)).toEqual([
      200, 200, 200, 404, 404, 404, 404, 200, 400,
    ]);
    const del = await app.http
      .post('/api/user/audio-files/batch-delete')
      .set(ada.authorization)
      .send({ file_ids: [ids[0], ids[1]] })
      .expect(200);
    expect(del.body.results.map((r: { status: number }) => r.status)).toEqual([200, 200]);
    await app.http.delete(at).set(ada.authorization).expect(200);
    expect((await fetch(link.url as string)).status).toBe(404);
  });
});
