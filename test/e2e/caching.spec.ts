import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const DOCS = '/api/docs';
const CODINGS = ['br', 'gzip'];

describe('caching', () => {
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  it('is allowed to the owner for a record, who asks anew by its entity tag', async () => {
    const { file_id: fileId } = await createAudioFile(app, ada);
    const path = `/api/audio-file/${fileId}`;
    const { headers } = await app.http.get(path).set(ada.authorization).expect(200);
    const tag = { ...ada.authorization, 'If-None-Match': headers['etag'] as string };
    const unchanged = await app.http.get(path).set(tag).set('Accept-Encoding', 'br').expect(304);
    for (const answer of [headers, unchanged.headers]) {
      expect(answer['cache-control']).toBe('private, no-cache');
      expect(answer['etag']).toBe(headers['etag']);
    }
    const change = { ...ada.authorization, 'If-Match': headers['etag'] as string };
    const changed = await app.http.patch(path).set(change).send({ title: 'x' }).expect(200);
    expect(changed.headers['cache-control']).toBe('no-store');
    await app.http.get(path).set(tag).expect(200);
  });

  it('is not allowed for what is refused', async () => {
    const { file_id: fileId } = await createAudioFile(app, await registerAccount(app));
    for (const path of [`/api/audio-file/${fileId}`, '/api/audio-file/none', `${DOCS}/none.js`]) {
      const { headers, status } = await app.http.get(path).set(ada.authorization);
      expect([403, 404]).toContain(status);
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  describe('of the documentation', () => {
    const get = (path: string, headers: Record<string, string>) =>
      fetch(app.url + path, { headers: { 'Accept-Encoding': 'identity', ...headers } });

    it.each(['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js'])(
      'is for a week for %s, in any coding',
      async (name) => {
        const path = `${DOCS}/${name}`;
        const plain = await app.http.get(path).set('Accept-Encoding', 'identity').buffer(true).expect(200);
        for (const coding of ['br', 'gzip'] as const) {
          for (let round = 0; round < 2; round++) {
            const answer = await get(path, { 'Accept-Encoding': coding });
            expect(Object.fromEntries(answer.headers)).toMatchObject({
              'cache-control': 'public, max-age=604800',
              'content-encoding': coding,
              'content-type': plain.headers['content-type'],
              vary: expect.stringMatching(/\bAccept-Encoding\b/),
            });
            // fetch decodes it.
            expect((await answer.text()).length).toBe(plain.text.length);
            expect(Number(answer.headers.get('content-length'))).toBeLessThan(plain.text.length / 3);
            const etag = answer.headers.get('etag') as string;
            // fetch would ask for a fresh one whenever it is given a condition.
            const seen = await app.http.get(path).set({ 'Accept-Encoding': coding, 'If-None-Match': etag });
            expect(seen.status).toBe(304);
          }
        }
        expect(plain.headers['cache-control']).toBe('public, max-age=604800');
        expect(plain.headers).not.toHaveProperty('content-encoding');
      },
    );

    it('leaves images and ranges as they are', async () => {
      const image = await get(`${DOCS}/favicon-32x32.png`, { 'Accept-Encoding': 'br' });
      const range = await get(`${DOCS}/swagger-ui.css`, { 'Accept-Encoding': 'br', Range: 'bytes=0-9' });
      expect([range.status, (await range.text()).length]).toEqual([206, 10]);
      for (const { headers } of [image, range]) {
        expect(headers.get('content-encoding')).toBeNull();
        expect(headers.get('cache-control')).toBe('public, max-age=604800');
      }
    });

    it.each(['', '/', '/index.html', '/swagger-ui-init.js', '/openapi.json', '/openapi.yaml'])(
      'is none for %j, which is compressed',
      async (rest) => {
        const path = DOCS + rest;
        const plain = await get(path, {});
        const text = await plain.text();
        for (const coding of CODINGS) {
          const answer = await get(path, { 'Accept-Encoding': coding });
          const head = await fetch(app.url + path, {
            method: 'HEAD',
            headers: { 'Accept-Encoding': coding },
          });
          expect(await answer.text()).toBe(text);
          for (const { headers } of [answer, head]) {
            expect(Object.fromEntries(headers)).toMatchObject({
              'content-encoding': coding,
              'content-type': plain.headers.get('content-type'),
              'content-length': answer.headers.get('content-length'),
              'cache-control': 'no-store',
            });
          }
        }
        expect(plain.headers.get('vary')).toMatch(/\bAccept-Encoding\b/);
        expect(plain.headers.get('content-encoding')).toBeNull();
      },
    );

    it('is no file for a path that has none, compressed or not', async () => {
      const answer = await get(`${DOCS}/none`, { 'Accept-Encoding': 'br' });
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-encoding')).toBeNull();
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    });
  });
});
