import { randomUUID } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { type Behaviour, type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { expectProblem } from '../support/problems.js';
import { putAudioFile, storedAudioFile } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const MERGE_PATCH = 'application/merge-patch+json';
const CHANGED = { status: 412, detail: 'The record was changed meanwhile' };
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem'];

describe('PATCH /api/audio-file/{file_id}', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;
  let eve: Account;
  /** A record of Ada, with a title and two tags. */
  let fileId: string;
  let path: string;
  let record: Record<string, unknown>;
  let etag: string;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
    [ada, eve] = [await registerAccount(app), await registerAccount(app)];
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    const s3_key = 'recordings/monday.m4a';
    const answer = await app.http
      .post('/api/audio-file')
      .set(ada.authorization)
      .send({ s3_key, title: 'Monday', tags: ['a', 'b'], duration_seconds: 2 })
      .expect(201);
    record = answer.body as Record<string, unknown>;
    fileId = record['file_id'] as string;
    path = `/api/audio-file/${fileId}`;
    etag = answer.headers['etag'] as string;
    stub.behave(() => 'forward');
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const patch = (body: object, headers: Record<string, string> = {}) =>
    app.http
      .patch(path)
      .set({ ...ada.authorization, ...headers })
      .send(body);
  const get = () => app.http.get(path).set(ada.authorization);
  const stored = () => storedAudioFile(app, fileId);
  const deleteRow = () =>
    app.rows.send(new DeleteCommand({ TableName: app.config.tables.audioFiles, Key: { file_id: fileId } }));
  const writes = () => stub.calls.filter((operation) => WRITES.includes(operation));

  describe('as a merge patch', () => {
    it.each([
      ['sets a title, and leaves the tags', { title: 'Tuesday' }, { title: 'Tuesday' }],
      ['sets tags, and leaves the title', { tags: ['c'] }, { tags: ['c'] }],
      ['sets both', { title: 'früh 💚', tags: ['ü'] }, { title: 'früh 💚', tags: ['ü'] }],
      ['removes a title that is null', { title: null }, { title: null }],
      ['removes tags that are null', { tags: null }, { tags: [] }],
      ['removes tags of which none is left', { tags: [] }, { tags: [] }],
      ['removes both', { title: null, tags: null }, { title: null, tags: [] }],
      ['sets one and removes the other', { title: null, tags: ['c'] }, { title: null, tags: ['c'] }],
      ['replaces the whole list', { tags: ['b', 'c', 'd'] }, { tags: ['b', 'c', 'd'] }],
      ['keeps the order of the list', { tags: ['b', 'a'] }, { tags: ['b', 'a'] }],
      ['takes a tag that comes twice once', { tags: ['c', 'a', 'c', 'c'] }, { tags: ['c', 'a'] }],
      ['takes the longest there may be', { title: '💚'.repeat(200) }, { title: '💚'.repeat(200) }],
      [
        'changes nothing else, whatever is sent',
        { title: 'x', file_id: 'x', user_id: 'x', s3_key: 'x', file_size: 1, status: 'pending', version: 7 },
        { title: 'x' },
      ],
    ])('%s', async (_case, changes, shown) => {
      const row = await stored();
      const answer = await patch(changes).expect(200);
      const expected = { ...record, ...shown };
      expect(answer.body).toEqual(expected);
      expect((await get().expect(200)).body).toEqual(expected);
      const { title, tags } = expected as unknown as { title: string | null; tags: string[] };
      // The database keeps no attribute that is undefined.
      const wanted = { title: title ?? undefined, tags: tags.length > 0 ? tags : undefined };
      expect({ title: undefined, tags: undefined, ...(await stored()) }).toStrictEqual({
        ...row,
        ...wanted,
        version: 1,
      });
    });

    it.each([['application/json'], [MERGE_PATCH], [`${MERGE_PATCH}; charset=utf-8`]])(
      'is read from a body of type %s',
      async (type) => {
        const answer = await app.http
          .patch(path)
          .set(ada.authorization)
          .set('Content-Type', type)
          .send(JSON.stringify({ title: 'Tuesday' }))
          .expect(200);
        expect(answer.body).toEqual({ ...record, title: 'Tuesday' });
      },
    );

    it.each([['application/json-patch+json'], ['text/plain'], ['application/x-www-form-urlencoded']])(
      'is not read from a body of type %s',
      async (type) => {
        const answer = await app.http.patch(path).set(ada.authorization).set('Content-Type', type).send('{}');
        const detail =
          'The request body must be JSON in UTF-8 with Content-Type: application/json or application/merge-patch+json';
        expectProblem(answer, { status: 415, detail, instance: path });
        for (const name of ['accept-patch', 'accept']) {
          expect(answer.headers[name]).toBe('application/json, application/merge-patch+json');
        }
      },
    );

    it('is no type of a body for any other method', async () => {
      const instance = '/api/audio-file';
      const answer = await app.http
        .post(instance)
        .set(ada.authorization)
        .set('Content-Type', MERGE_PATCH)
        .send(JSON.stringify({ s3_key: 'a' }));
      const detail = 'The request body must be JSON in UTF-8 with Content-Type: application/json';
      expectProblem(answer, { status: 415, detail, instance });
      expect(answer.headers['accept']).toBe('application/json');
      expect(answer.headers).not.toHaveProperty('accept-patch');
    });

    it('changes a row of the older backend, which has no version', async () => {
      const older = { file_id: fileId, user_id: ada.userId, s3_key: 'a.m4a', uploaded_at: 1_758_762_381.5 };
      await putAudioFile(app, older);
      const seen = (await get().expect(200)).headers['etag'] as string;
      const { body } = await patch({ title: 'Old' }, { 'If-Match': seen }).expect(200);
      expect(body).toEqual(
        recordBody({
          ...{ file_id: fileId, user_id: ada.userId, s3_key: 'a.m4a' },
          ...{ uploaded_at: '2025-09-25T01:06:21Z', title: 'Old' },
        }),
      );
      expect(await stored()).toEqual({ ...older, title: 'Old', version: 1 });
    });

    it.each([
      ['is empty', {}],
      ['has only unknown fields', { transcript: 'x' }],
      ['says what is so already', { title: 'Monday', tags: ['a', 'b', 'a'] }],
    ])('writes nothing where it %s', async (_case, body) => {
      const row = await stored();
      for (const headers of [{}, { 'If-Match': etag }]) {
        const answer = await patch(body, headers).expect(200);
        expect(answer.body).toEqual(record);
        expect(answer.headers['etag']).toBe(etag);
      }
      expect(writes()).toEqual([]);
      expect(await stored()).toEqual(row);
    });

    it('writes nothing where there is no body at all', async () => {
      const answer = await app.http.patch(path).set(ada.authorization).expect(200);
      expect(answer.body).toEqual(record);
      expect(writes()).toEqual([]);
    });

    it('clears the title by an empty text, as by null', async () => {
      const cleared = await patch({ title: '' }).expect(200);
      expect(cleared.body).toEqual({ ...record, title: null });
      const again = await patch({ title: null }).expect(200);
      expect(again.headers['etag']).toBe(cleared.headers['etag']);
    });

    it('writes nothing where it removes what is not there', async () => {
      const first = await patch({ title: null, tags: null }).expect(200);
      const again = await patch({ title: null, tags: [] }).expect(200);
      expect(again.headers['etag']).toBe(first.headers['etag']);
      expect(writes()).toEqual(['UpdateItem']);
    });
  });

  describe('refuses, and writes nothing for,', () => {
    it.each([
      ['a title that is a number', { title: 5 }, 'title must be a string'],
      ['a title that is a list', { title: ['Monday'] }, 'title must be a string'],
      ['a title that is too long', { title: 'x'.repeat(201) }, 'title must be at most 200 characters'],
      ['half of a character as a title', { title: '\ud800' }, 'title must be valid Unicode'],
      ['tags that are a text', { tags: 'a' }, 'tags must be a list'],
      ['tags that are an object', { tags: { 0: 'a' } }, 'tags must be a list'],
      ['21 tags', { tags: [...Array(21).keys()].map(String) }, 'tags must have at most 20 entries'],
      ['an empty tag', { tags: ['a', ''] }, 'tags must have only good entries: number 2 must not be empty'],
      ['a number as a tag', { tags: [5] }, 'tags must have only good entries: number 1 must be a string'],
      ['null as a tag', { tags: [null] }, 'tags must have only good entries: number 1 is required'],
      [
        'a tag that is too long',
        { tags: ['x'.repeat(41)] },
        'tags must have only good entries: number 1 must be at most 40 characters',
      ],
      ['a list', [{ title: 'x' }], 'The request body must be a JSON object'],
    ])('%s', async (_case, body, message) => {
      const row = await stored();
      const answer = await patch(body);
      const field = Array.isArray(body) ? 'body' : Object.keys(body)[0];
      const errors = [{ field: field ?? '', message }];
      expectProblem(answer, { status: 400, detail: message, instance: path, errors });
      expect(await stored()).toEqual(row);
    });

    it('a good title beside bad tags', async () => {
      const row = await stored();
      const errors = [{ field: 'tags', message: 'tags must be a list' }];
      const answer = await patch({ title: 'Tuesday', tags: 7 });
      expectProblem(answer, { status: 400, detail: 'tags must be a list', instance: path, errors });
      expect(await stored()).toEqual(row);
    });

    it('whoever has no token', async () => {
      const answer = await app.http.patch(path).send({ title: 'x' });
      expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: path });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(writes()).toEqual([]);
    });

    it('whoever has a bad token', async () => {
      const answer = await patch({ title: 'x' }, { Authorization: `Bearer ${ada.token.slice(0, -4)}AAAA` });
      expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: path });
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(writes()).toEqual([]);
    });

    it.each([
      ['as it is', {}],
      ['at any version', { 'If-Match': '*' }],
      ['at a version that is not theirs to know', { 'If-Match': '"0-0"' }],
    ])('a stranger who wants the record %s', async (_case, headers) => {
      const row = await stored();
      for (const body of [{ title: 'x' }, {}]) {
        const answer = await patch(body, { ...eve.authorization, ...headers });
        expectProblem(answer, { status: 403, detail: 'Access denied', instance: path });
        expect(answer.headers).not.toHaveProperty('etag');
      }
      expect(writes()).toEqual([]);
      expect(await stored()).toEqual(row);
    });

    it.each([[randomUUID()], ['monday'], ['__proto__']])('an id that no record has, %s', async (id) => {
      const instance = `/api/audio-file/${id}`;
      const answer = await app.http.patch(instance).set(ada.authorization).send({ title: 'x' });
      expectProblem(answer, { status: 404, detail: 'Audio file not found', instance });
    });
  });

  describe('with ETag and If-Match', () => {
    it('names each state of the record once, the same in every answer', async () => {
      expect(etag).toMatch(/^"[^"]+"$/);
      expect((await get().expect(200)).headers['etag']).toBe(etag);
      const changed = await patch({ title: 'Tuesday' }).expect(200);
      const back = await patch({ title: 'Monday' }).expect(200);
      expect((await get().expect(200)).headers['etag']).toBe(back.headers['etag']);
      expect(new Set([etag, changed.headers['etag'], back.headers['etag']]).size).toBe(3);
    });

    it('names another state once the audio is there', async () => {
      const fields = { s3_key: undefined, content_type: 'audio/mp4', file_size: 5 };
      const { upload, file_id } = await createAudioFile(app, ada, fields);
      const { url, headers } = upload as { url: string; headers: Record<string, string> };
      expect((await fetch(url, { method: 'PUT', headers, body: 'audio' })).status).toBe(200);
      const at = `/api/audio-file/${file_id}`;
      const pending = await app.http.get(at).set(ada.authorization).expect(200);
      const complete = await app.http.post(`${at}/complete`).set(ada.authorization).expect(200);
      const ready = await app.http.get(at).set(ada.authorization).expect(200);
      expect(complete.headers['etag']).toBe(ready.headers['etag']);
      expect(complete.headers['etag']).not.toBe(pending.headers['etag']);
      const stale = { ...ada.authorization, 'If-Match': pending.headers['etag'] as string };
      const answer = await app.http.patch(at).set(stale).send({ title: 'x' });
      expectProblem(answer, { ...CHANGED, instance: at });
    });

    it('answers 304 to whoever has seen the record as it is', async () => {
      for (const seen of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const answer = await get().set('If-None-Match', seen).expect(304);
        expect({ text: answer.text, etag: answer.headers['etag'] }).toEqual({ text: '', etag });
      }
      await patch({ title: 'Tuesday' }).expect(200);
      const answer = await get().set('If-None-Match', etag).expect(200);
      expect(answer.body).toEqual({ ...record, title: 'Tuesday' });
      await app.http.get(path).set(eve.authorization).set('If-None-Match', '*').expect(403);
    });

    it('answers 304 to a star only where there is an entity tag', async () => {
      const paths = [
        '/api/health',
        '/api/health/live',
        '/api/user',
        '/api/user/audio-files',
        '/api/user/usage',
      ];
      for (const at of [...paths, '/api/user/sessions', '/api/docs', '/api/docs/openapi.json']) {
        const answers = [
          await app.http.get(at).set(ada.authorization).set('If-None-Match', '*'),
          await app.http.get(at).set(ada.authorization).set('If-None-Match', etag),
          await app.http.head(at).set(ada.authorization).set('If-None-Match', '*'),
        ];
        expect(answers.map(({ status }) => [at, status])).toEqual(answers.map(() => [at, 200]));
      }
      await app.http.head(path).set(ada.authorization).set('If-None-Match', '*').expect(304);
    });

    it.each([
      ['the tag', () => etag],
      ['the tag among others', () => `"x",W/"y" , ${etag}`],
      ['a star', () => '*'],
      ['a star among spaces', () => '  * '],
    ])('changes the record for %s', async (_case, header) => {
      const answer = await patch({ title: 'Tuesday' }, { 'If-Match': header() }).expect(200);
      expect(answer.body).toEqual({ ...record, title: 'Tuesday' });
      expect(answer.headers['etag']).not.toBe(etag);
    });

    it.each([
      ['another tag', () => '"x"'],
      ['the tag as a weak one', () => `W/${etag}`],
      ['the empty tag', () => '""'],
      ['a list without the tag', () => `"x", "${etag.slice(1, -2)}", "y"`],
      ['the tag with a letter more', () => `${etag.slice(0, -1)}0"`],
    ])('is a 412 for %s, and writes nothing', async (_case, header) => {
      const row = await stored();
      for (const body of [{ title: 'Tuesday' }, { title: 'Monday' }, {}]) {
        const answer = await patch(body, { 'If-Match': header() });
        expectProblem(answer, { ...CHANGED, instance: path });
      }
      expect(writes()).toEqual([]);
      expect(await stored()).toEqual(row);
    });

    it('is a 412 for what was changed since it was seen', async () => {
      await patch({ title: 'Tuesday' }, { 'If-Match': etag }).expect(200);
      const row = await stored();
      const answer = await patch({ title: 'Wednesday' }, { 'If-Match': etag });
      expectProblem(answer, { ...CHANGED, instance: path });
      expect(await stored()).toEqual(row);
    });

    it.each([
      ['no quotation marks', () => etag.slice(1, -1)],
      ['nothing', () => ''],
      ['half a tag', () => etag.slice(0, -1)],
      ['a star among tags', () => `${etag}, *`],
      ['a space within a tag', () => '"a b"'],
      ['a small w', () => `w/${etag}`],
      ['tags that no comma parts', () => `${etag} ${etag}`],
    ])('refuses %s, and writes nothing', async (_case, header) => {
      const message = 'If-Match must be entity tags in quotation marks, or *';
      const answer = await patch({ title: 'Tuesday' }, { 'If-Match': header() });
      const errors = [{ field: 'If-Match', message }];
      expectProblem(answer, { status: 400, detail: message, instance: path, errors });
      expect(writes()).toEqual([]);
    });

    it.each([
      ['of a record never changed', false],
      ['of a record changed before', true],
    ])('lets one of twenty at once through, %s', async (_case, changedBefore) => {
      const seen = changedBefore ? ((await patch({ title: 'x' })).headers['etag'] as string) : etag;
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => patch({ title: `Title ${n}` }, { 'If-Match': seen })),
      );
      const winners = answers.filter(({ status }) => status === 200);
      expect(winners).toHaveLength(1);
      for (const answer of answers) {
        if (answer.status !== 200) expectProblem(answer, { ...CHANGED, instance: path });
      }
      const now = await get().expect(200);
      expect(now.body).toEqual(winners[0]?.body);
      expect(now.headers['etag']).toBe(winners[0]?.headers['etag']);
      expect(await stored()).toMatchObject({ version: changedBefore ? 2 : 1 });
    });

    // RFC 9110 §13.1.1 allows a 2xx where the change is there already.
    it('changes the record once for twenty at once that want the same', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () => patch({ title: 'Tuesday' }, { 'If-Match': etag })),
      );
      const now = await get().expect(200);
      for (const answer of answers) {
        if (answer.status !== 200) expectProblem(answer, { ...CHANGED, instance: path });
        else expect(answer.headers['etag']).toBe(now.headers['etag']);
      }
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(19).fill(412)]);
      expect(now.body).toEqual({ ...record, title: 'Tuesday' });
      expect(await stored()).toMatchObject({ version: 1 });
    });

    it('loses none of twenty at once that do not care, and counts each', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => patch(n % 2 ? { title: `T${n}` } : { tags: [`t${n}`] })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(await stored()).toMatchObject({
        title: expect.stringMatching(/^T\d+$/),
        tags: [expect.stringMatching(/^t\d+$/)],
        version: 20,
      });
    });
  });

  describe('where something goes wrong on the way', () => {
    it.each([
      ['sets', { title: 'Tuesday', tags: ['c'] }, { title: 'Tuesday', tags: ['c'] }],
      ['removes', { title: null, tags: null }, { title: null, tags: [] }],
    ])(
      'takes its own first try for no other change, when it %s and the answer is lost',
      async (_case, body, shown) => {
        stub.behave(({ operation, attempt }) =>
          operation === 'UpdateItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
        );
        const answer = await patch(body, { 'If-Match': etag }).expect(200);
        expect(writes()).toEqual(['UpdateItem', 'UpdateItem']);
        expect(answer.body).toEqual({ ...record, ...shown });
        expect(await stored()).toMatchObject({ version: 1 });
        expect((await get().expect(200)).headers['etag']).toBe(answer.headers['etag']);
      },
    );

    it('is done, too, where a lost answer meets no If-Match', async () => {
      stub.behave(({ operation, attempt }) =>
        operation === 'UpdateItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
      );
      const answer = await patch({ title: 'Tuesday' }).expect(200);
      expect(answer.body).toEqual({ ...record, title: 'Tuesday' });
      expect((await get().expect(200)).headers['etag']).toBe(answer.headers['etag']);
    });

    it('is a 412 where somebody else changed the record after the first try was lost', async () => {
      let row: Record<string, unknown> | undefined;
      stub.behave(async ({ operation, attempt }): Promise<Behaviour> => {
        if (operation !== 'UpdateItem') return 'forward';
        if (attempt === 1) return 'cut';
        row = { ...(await stored()), title: 'Wednesday', version: 1 };
        await putAudioFile(app, row);
        return 'forward';
      });
      const answer = await patch({ title: 'Tuesday' }, { 'If-Match': etag });
      expectProblem(answer, { ...CHANGED, instance: path });
      expect(await stored()).toEqual(row);
    });

    it.each([
      ['whoever does not care', () => ({})],
      ['whoever saw it', () => ({ 'If-Match': etag })],
      ['whoever wants any', () => ({ 'If-Match': '*' })],
    ])('is a 404 for %s where the record is deleted meanwhile, and makes none', async (_case, headers) => {
      stub.behave(async ({ operation }): Promise<Behaviour> => {
        if (operation === 'UpdateItem') await deleteRow();
        return 'forward';
      });
      const answer = await patch({ title: 'Tuesday' }, headers());
      expectProblem(answer, { status: 404, detail: 'Audio file not found', instance: path });
      expect(writes()).toEqual(['UpdateItem']);
      expect(await stored()).toBeUndefined();
    });

    it('is a 503 where the write never arrives, and changes nothing', async () => {
      const row = await stored();
      stub.behave(({ operation }) => (operation === 'UpdateItem' ? 'cut' : 'forward'));
      const answer = await patch({ title: 'Tuesday' }, { 'If-Match': etag });
      const detail = 'The service is temporarily unavailable';
      expectProblem(answer, { status: 503, detail, instance: path });
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(await stored()).toEqual(row);
    });
  });
});
