import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { problemBody } from '../support/problem-body.js';
import { putAudioFile, storedAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const FIRST = 1_758_762_381;
const FIRST_ISO = '2025-09-25T01:06:21Z';

describe('audio files of a user', () => {
  let app: TestApp;
  let ada: Account;
  let eve: Account;

  beforeAll(async () => {
    app = await startTestApp();
  });

  beforeEach(async () => {
    [ada, eve] = await Promise.all([registerAccount(app), registerAccount(app)]);
  });

  afterAll(() => app.close());

  const list = (query = '') => app.http.get(`/api/user/audio-files${query}`).set(ada.authorization);

  /** Stores rows of Ada with upload times that grow by a second each, and gives their ids, oldest first. */
  async function storeRows(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const row = (fileId: string, i: number) => ({
      file_id: fileId,
      user_id: ada.userId,
      s3_key: `recordings/${i}.m4a`,
      file_size: i,
      uploaded_at: FIRST + i,
      uploaded_at_iso: new Date((FIRST + i) * 1000).toISOString().replace('.000Z', 'Z'),
    });
    await Promise.all(ids.map((fileId, i) => putAudioFile(app, row(fileId, i))));
    return ids;
  }

  const idsOf = (body: unknown) => (body as { file_id: string }[]).map(({ file_id }) => file_id);

  describe('GET /api/user/audio-files', () => {
    it('answers an empty array to a user without files', async () => {
      const { body, headers } = await list().expect(200);
      expect(body).toEqual([]);
      expect(headers['content-type']).toMatch(/^application\/json/);
    });

    it('answers the whole records, newest upload first', async () => {
      const [oldest, newest] = await storeRows(2);
      const { body } = await list().expect(200);
      const common = { user_id: ada.userId };
      expect(body).toEqual([
        recordBody({
          ...{ ...common, file_id: newest, s3_key: 'recordings/1.m4a', file_size: 1 },
          uploaded_at: '2025-09-25T01:06:22Z',
        }),
        recordBody({
          ...{ ...common, file_id: oldest, s3_key: 'recordings/0.m4a', file_size: 0 },
          uploaded_at: FIRST_ISO,
        }),
      ]);
    });

    it('answers the 50 newest records when it is told no limit', async () => {
      const newestFirst = (await storeRows(51)).reverse();
      const { body } = await list().expect(200);
      expect(idsOf(body)).toEqual(newestFirst.slice(0, 50));
    });

    it('answers as many records as the limit says, from 1 to 100', async () => {
      const newestFirst = (await storeRows(101)).reverse();
      for (const limit of [1, 2, 99, 100]) {
        const { body } = await list(`?limit=${limit}`).expect(200);
        expect(idsOf(body)).toEqual(newestFirst.slice(0, limit));
      }
    });

    it('shows nobody the records of others', async () => {
      const own = await createAudioFile(app, ada);
      await createAudioFile(app, eve);
      const { body } = await list().expect(200);
      expect(body).toEqual([own]);
    });

    it('ignores a user id in the query', async () => {
      await createAudioFile(app, eve);
      const { body } = await list(`?user_id=${eve.userId}`).expect(200);
      expect(body).toEqual([]);
    });
  });

  describe('a row of the older backend', () => {
    const older = (fields: Record<string, unknown>) => ({
      file_id: randomUUID(),
      user_id: ada.userId,
      s3_key: 'audio_upload/monday.m4a',
      uploaded_at: FIRST,
      uploaded_at_iso: '1999-12-31T00:00:00.123456',
      ...fields,
    });
    const answered = (row: { file_id: string; user_id: string; s3_key: string }, more: object = {}) =>
      recordBody({
        ...{ file_id: row.file_id, user_id: row.user_id, s3_key: row.s3_key },
        ...{ uploaded_at: FIRST_ISO, ...more },
      });
    const times = { recorded_at_iso: '1999-12-31T00:00:00.123456' };

    it.each([
      ['without size and recording time', {}, {}],
      ['with null for both', { file_size: null, recorded_at: null, recorded_at_iso: null }, {}],
      ['with fractions of a second', { uploaded_at: FIRST + 0.123_456 }, {}],
      [
        'with everything, its naive texts wrong',
        { file_size: 7, recorded_at: FIRST - 1, ...times },
        { file_size: 7, recorded_at: '2025-09-25T01:06:20Z' },
      ],
      [
        'with a fractional recording time',
        { recorded_at: FIRST - 0.5, ...times },
        { recorded_at: '2025-09-25T01:06:20Z' },
      ],
      ['with a recording time that has a text only', times, {}],
      ['with attributes that are not known here', { transcript: 'marker', labels: new Set(['a']) }, {}],
    ])('%s is read by its numbers', async (_case, fields, shown) => {
      const row = older(fields);
      await putAudioFile(app, row);
      const listed = await list().expect(200);
      const got = await app.http.get(`/api/audio-file/${row.file_id}`).set(ada.authorization).expect(200);
      expect(listed.body).toEqual([answered(row, shown)]);
      expect(got.body).toEqual(answered(row, shown));
    });

    it('can be deleted', async () => {
      const row = older({});
      await putAudioFile(app, row);
      await app.http.delete(`/api/audio-file/${row.file_id}`).set(ada.authorization).expect(200);
      expect(await storedAudioFile(app, row.file_id)).toBeUndefined();
    });
  });

  describe.each(['get', 'delete'] as const)('%s /api/audio-file/{file_id}', (method) => {
    it('answers 403 to a stranger and leaves the row as it was', async () => {
      const { file_id: fileId } = await createAudioFile(app, ada);
      const before = await storedAudioFile(app, fileId);
      const path = `/api/audio-file/${fileId}`;
      const { body } = await app.http[method](path).set(eve.authorization).expect(403);
      expect(body).toEqual(problemBody(403, 'Access denied', path));
      expect(await storedAudioFile(app, fileId)).toEqual(before);
    });

    it('answers 404 where there is no such file', async () => {
      const path = `/api/audio-file/${randomUUID()}`;
      const { body } = await app.http[method](path).set(ada.authorization).expect(404);
      expect(body).toEqual(problemBody(404, 'Audio file not found', path));
    });

    it.each([
      ['a word', 'monday'],
      ['a number', '0'],
      ['a UUID with braces', '%7B5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11%7D'],
      ['a UUID without hyphens', '5f0c7a525d0b4a0e9d0e0d6a3f1f3b11'],
      ['a UUID with something after it', '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11%0A'],
      ['a text of ten thousand characters', 'a'.repeat(10_000)],
      ['a NUL', '%00'],
      ['a path', '..%2F..%2Fusers'],
      ['an emoji', '%F0%9F%92%9A'],
      ['a name of JavaScript', '__proto__'],
      ['the key of another kind of row', 'email%23ada@example.com'],
    ])('answers 404 where the id is %s', async (_case, segment) => {
      const path = `/api/audio-file/${segment}`;
      const { body } = await app.http[method](path).set(ada.authorization).expect(404);
      expect(body).toEqual(problemBody(404, 'Audio file not found', path));
    });

    it('answers 401 without a token, whether there is such a file or not', async () => {
      const { file_id: fileId } = await createAudioFile(app, ada);
      for (const id of [fileId, randomUUID(), 'monday']) {
        const path = `/api/audio-file/${id}`;
        const { body, headers } = await app.http[method](path).expect(401);
        expect(body).toEqual(problemBody(401, 'Not authenticated', path));
        expect(headers['www-authenticate']).toBe('Bearer');
      }
      expect(await storedAudioFile(app, fileId)).toBeDefined();
    });

    it('answers 401 to a bad token', async () => {
      const { file_id: fileId } = await createAudioFile(app, ada);
      const path = `/api/audio-file/${fileId}`;
      const bad = { Authorization: `Bearer ${ada.token.slice(0, -4)}AAAA` };
      const { body, headers } = await app.http[method](path).set(bad).expect(401);
      expect(body).toEqual(problemBody(401, 'Token is invalid or expired', path));
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(await storedAudioFile(app, fileId)).toBeDefined();
    });
  });

  describe('DELETE /api/audio-file/{file_id} by the owner', () => {
    it('answers 200 with the message, and the file is gone', async () => {
      const { file_id: fileId } = await createAudioFile(app, ada);
      const kept = await createAudioFile(app, ada);
      const path = `/api/audio-file/${fileId}`;
      const { body } = await app.http.delete(path).set(ada.authorization).expect(200);
      expect(body).toEqual({ message: 'Audio file deleted successfully' });
      expect(await storedAudioFile(app, fileId)).toBeUndefined();
      for (const method of ['get', 'delete'] as const) {
        const again = await app.http[method](path).set(ada.authorization).expect(404);
        expect(again.body).toEqual(problemBody(404, 'Audio file not found', path));
      }
      expect((await list().expect(200)).body).toEqual([kept]);
    });

    it('answers one of two deletes at the same moment with 200, and neither with an error of ours', async () => {
      for (let round = 0; round < 10; round++) {
        const { file_id: fileId } = await createAudioFile(app, ada);
        const path = `/api/audio-file/${fileId}`;
        const once = () => app.http.delete(path).set(ada.authorization);
        const statuses = (await Promise.all([once(), once()])).map(({ status }) => status).sort();
        expect(statuses[0]).toBe(200);
        expect([200, 404]).toContain(statuses[1]);
        expect(await storedAudioFile(app, fileId)).toBeUndefined();
      }
    });
  });
});
