import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { OLDER_PASSWORD, putOlderUser } from '../support/older-backend.js';
import { putAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'correct horse battery';

describe('one thing, many spellings', () => {
  let app: TestApp;

  beforeAll(async () => void (app = await startTestApp()));
  afterAll(() => app.close());

  describe('of an email', () => {
    const send = (path: string, email: unknown, password = PASSWORD) =>
      app.http.post(`/api/${path}`).send({ email, password });
    let name: string;

    beforeEach(() => void (name = randomUUID()));

    it.each<[string, (name: string) => string[]]>([
      ['composed and decomposed', (n) => [`jos\u00e9-${n}@example.com`, `jose\u0301-${n}@Example.com`]],
      ['encoded and not', (n) => [`${n}@b\u00fccher.de`, `${n}@xn--bcher-kva.de`, `${n}@BU\u0308CHER.de`]],
      ['in full width', (n) => [`${n}@example.com`, `${n}@ｅｘａｍｐｌｅ．ｃｏｍ`, `${n}@exam\u200bple.com`]],
    ])('%s is one account, whichever comes first', async (_case, spellingsOf) => {
      for (const first of spellingsOf(name).keys()) {
        const spellings = spellingsOf(randomUUID());
        const { body } = await send('register', spellings[first]).expect(201);
        expect(body.user.email).toBe(spellings[0]);
        for (const email of spellings) {
          await send('register', email).expect(409);
          expect((await send('login', email).expect(200)).body.user_id).toBe(body.user_id);
        }
      }
    });

    it('makes one account of two that race for it', async () => {
      const spellings = [`jos\u00e9-${name}@example.com`, `jose\u0301-${name}@example.com`];
      const answers = await Promise.all(spellings.map((email) => send('register', email)));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    });

    it.each([
      ['zero-width', 'a\u200bda', 'email must not contain invisible characters'],
      ['a soft hyphen', 'a\u00adda', 'email must not contain invisible characters'],
      ['a direction mark', 'a\u200eda', 'email must not contain invisible characters'],
      [
        'full width',
        'ａｄａ',
        'email must not contain characters before the @ that stand for others, such as full-width letters',
      ],
    ])('with %s before the @ is refused at registration, and only there', async (_case, local, message) => {
      const email = `${local}-${name}@example.com`;
      const { body } = await send('register', email).expect(400);
      expect(body.errors).toEqual([{ field: 'email', message }]);
      const { user_id: userId } = await putOlderUser(app, { email });
      expect((await send('login', email, OLDER_PASSWORD).expect(200)).body.user_id).toBe(userId);
    });

    it('finds every account of before by its own spelling, and makes no other one beside it', async () => {
      const decomposed = await putOlderUser(app, { email: `jose\u0301-${name}@example.com` });
      await send('register', decomposed.email).expect(409);
      const composed = await putOlderUser(app, { email: `jos\u00e9-${name}@example.com` });
      for (const { email, user_id: userId } of [decomposed, composed]) {
        const { body } = await send('login', email, OLDER_PASSWORD).expect(200);
        expect(body.user).toMatchObject({ user_id: userId, email });
      }
    });

    it('is no object of a request', async () => {
      const email = { canonical: `${name}@example.com`, older: `${name}@example.com` };
      for (const path of ['register', 'login']) {
        expect((await send(path, email).expect(400)).body.detail).toBe('email must be a string');
      }
    });

    it('is no password, however it is written', async () => {
      await send('register', `jos\u00e9-${name}@example.com`, `Jose\u0301-${name}@example.com`).expect(400);
    });
  });

  describe('of an id', () => {
    let ada: Account;

    beforeEach(async () => void (ada = await registerAccount(app)));

    it('in capitals names the record, which is answered in lower case', async () => {
      const record = await createAudioFile(app, ada);
      const path = `/api/audio-file/${record.file_id.toUpperCase()}`;
      const { body } = await app.http.get(path).set(ada.authorization).expect(200);
      expect(body.file_id).toBe(record.file_id);
      await app.http.patch(path).set(ada.authorization).send({ title: 'x' }).expect(200);
      await app.http.delete(path).set(ada.authorization).expect(200);
      await app.http.get(path).set(ada.authorization).expect(404);
    });

    it('in capitals names the records of a batch', async () => {
      const [one, two] = [await createAudioFile(app, ada), await createAudioFile(app, ada)];
      const file_ids = [one.file_id.toUpperCase(), two.file_id, one.file_id, randomUUID().toUpperCase()];
      for (const batch of ['batch-get', 'batch-delete']) {
        const { body } = await app.http
          .post(`/api/user/audio-files/${batch}`)
          .set(ada.authorization)
          .send({ file_ids })
          .expect(200);
        const results = body.results as { status: number; audio_file?: { file_id: string } }[];
        expect(results.map(({ status, audio_file: file }) => file?.file_id ?? status)).toEqual([
          one.file_id,
          two.file_id,
          one.file_id,
          404,
        ]);
      }
    });

    it('of a row that has capitals itself goes on naming it', async () => {
      const id = randomUUID().toUpperCase();
      const row = { file_id: id, user_id: ada.userId, s3_key: 'a', uploaded_at: 1_758_762_381 };
      await putAudioFile(app, row);
      const { body } = await app.http.get(`/api/audio-file/${id}`).set(ada.authorization).expect(200);
      expect(body.file_id).toBe(id);
      const path = '/api/user/audio-files/batch-get';
      const batch = await app.http
        .post(path)
        .set(ada.authorization)
        .send({ file_ids: [id] })
        .expect(200);
      expect(batch.body.results).toEqual([{ status: 200, audio_file: body }]);
      await app.http.delete(`/api/audio-file/${id}`).set(ada.authorization).expect(200);
    });

    it('in capitals names the session', async () => {
      const { body } = await app.http.get('/api/user/sessions').set(ada.authorization).expect(200);
      const id = (body as { session_id: string }[])[0]?.session_id ?? '';
      const path = `/api/user/sessions/${id.toUpperCase()}`;
      await app.http.delete(path).set(ada.authorization).expect(200);
      await app.http.get('/api/user').set(ada.authorization).expect(401);
    });
  });
});
