import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { createWithKey, listRecords, monday } from '../support/keyed-creation.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { expectProblem } from '../support/problems.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/audio-file';
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const REUSED = {
  status: 422,
  detail: 'The idempotency key was used before with different content',
  instance: PATH,
};

const upload = { content_type: 'audio/wav', file_size: 5 };

describe('POST /api/audio-file with an Idempotency-Key', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;
  let key: string;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(app);
    await list(ada);
    key = randomUUID();
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const create = (body: object) => createWithKey(app, ada, key, body);
  const list = (account: Account) => listRecords(app, account);

  const record = (more: object = {}) => ({
    file_id: UUID,
    user_id: ada.userId,
    ...{ uploaded_at: INSTANT, status: 'ready', duration_seconds: null },
    ...{ checksum_sha256: null, object_etag: null },
    ...monday,
    ...more,
  });

  it('answers 201 and, repeated, 200 with the same record', async () => {
    const first = await create(monday).expect(201);
    const second = await create(monday).expect(200);
    expect(first.body).toEqual(record());
    expect(second.body).toEqual(first.body);
    expect(second.headers['etag']).toBe(first.headers['etag']);
    const { file_id: fileId } = first.body as { file_id: string };
    expect(first.headers['location']).toBe(`${PATH}/${fileId}`);
    expect((await app.http.get(`${PATH}/${fileId}`).set(ada.authorization).expect(200)).body).toEqual(
      first.body,
    );
    expect(await list(ada)).toEqual([first.body]);
  });

  it('answers an upload, repeated, with a fresh address while it is pending, and with none once it is ready', async () => {
    const first = await create(upload).expect(201);
    const again = await create(upload).expect(200);
    const { upload: address, ...pending } = again.body;
    const s3_key = `audio_upload/${ada.userId}/${first.body.file_id}.wav`;
    const unknown = { recorded_at: null, title: null, tags: [] };
    expect(pending).toEqual(record({ ...upload, ...unknown, s3_key, status: 'pending' }));
    expect(first.body).toEqual({ ...pending, upload: first.body.upload });
    expect(address).toEqual({
      url: expect.stringContaining(s3_key),
      expires_at: INSTANT,
      method: 'PUT',
      headers: { 'Content-Type': 'audio/wav', 'Content-Length': '5', 'If-None-Match': '*' },
    });
    const put = await fetch(address.url, { method: 'PUT', headers: address.headers, body: 'audio' });
    expect(put.status).toBe(200);

    const completion = app.http.post(`${PATH}/${pending.file_id}/complete`).set(ada.authorization);
    const { body: ready } = await completion.expect(200);

    const object_etag = expect.stringMatching(/^".+"$/);
    expect(ready).toEqual({ ...pending, status: 'ready', object_etag });
    expect((await create(upload).expect(200)).body).toEqual(ready);
  });

  it.each([
    ['another size', { ...monday, file_size: 1 }],
    ['another key of S3', { ...monday, s3_key: 'recordings/tuesday.m4a' }],
    ['another time', { ...monday, recorded_at: '2025-09-24T18:30:01Z' }],
    ['another order of tags', { ...monday, tags: ['draft', 'interview'] }],
    ['less', { s3_key: monday.s3_key }],
    ['more', { ...monday, duration_seconds: 1 }],
    ['an upload instead', upload],
  ])('answers 422 to %s, and changes nothing', async (_case, body) => {
    const { body: first } = await create(monday).expect(201);
    expectProblem(await create(body), REUSED);
    expect(await list(ada)).toEqual([first]);
  });

  it.each([
    ['its time in another offset', { ...monday, recorded_at: '2025-09-24T20:30:00.25+02:00' }],
    ['a tag twice', { ...monday, tags: ['interview', 'draft', 'interview'] }],
    ['its type in capitals', { ...monday, content_type: 'AUDIO/MP4' }],
    ['null for what it leaves out', { ...monday, duration_seconds: null, checksum_sha256: null }],
    ['fields that nobody knows', { ...monday, colour: 'green' }],
    ['its fields in another order', Object.fromEntries(Object.entries(monday).reverse())],
  ])('takes a request with %s for the same', async (_case, body) => {
    const { body: first } = await create(monday).expect(201);
    expect((await create(body).expect(200)).body).toEqual(first);
  });

  it('answers with the record as it is now, and its ETag, after a change', async () => {
    const { body: first } = await create(monday).expect(201);
    const change = app.http.patch(`${PATH}/${first.file_id}`).set(ada.authorization);
    const changed = await change.send({ title: null, tags: ['done'] }).expect(200);
    const again = await create(monday).expect(200);
    expect(again.body).toEqual({ ...first, title: null, tags: ['done'] });
    expect(again.headers['etag']).toBe(changed.headers['etag']);
  });

  it('makes a new record for the key of one that was deleted', async () => {
    const { body: first } = await create(monday).expect(201);
    await app.http.delete(`${PATH}/${first.file_id}`).set(ada.authorization).expect(200);
    const { body: anew } = await create({ ...monday, title: 'Tuesday' }).expect(201);
    expect(anew).toEqual(record({ title: 'Tuesday' }));
    expect(await list(ada)).toEqual([anew]);
  });

  it('makes a record anew, also within a second, that no ETag of the one before fits', async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 10; round++) {
      const { body: first, headers } = await create(monday).expect(201);
      const at = `${PATH}/${first.file_id}`;
      const got = await app.http.get(at).set(ada.authorization).expect(200);
      expect(got.headers['etag']).toBe(headers['etag']);
      seen.add(headers['etag'] as string);
      await app.http.delete(at).set(ada.authorization).expect(200);
      const anew = await create(monday).expect(201);
      expect(anew.body.file_id).toBe(first.file_id);
      const patch = (tag: unknown, title: string) =>
        app.http
          .patch(at)
          .set({ ...ada.authorization, 'If-Match': String(tag) })
          .send({ title });
      const stale = await patch(headers['etag'], 'stale');
      const detail = 'The record was changed meanwhile';
      expectProblem(stale, { status: 412, detail, instance: at });
      // The right one passes, and is over with the change that it allowed.
      const changed = await patch(anew.headers['etag'], 'Tuesday').expect(200);
      await patch(anew.headers['etag'], 'Wednesday').expect(412);
      await patch(changed.headers['etag'], 'Wednesday').expect(200);
      await app.http.delete(at).set(ada.authorization).expect(200);
    }
    expect(seen.size).toBe(10);
  });

  it('makes one record of 200 requests at once, and tells one of them that it is new', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => create(monday)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(199).fill(200), 201]);
    const bodies = new Set(answers.map(({ text }) => text));
    expect(bodies.size).toBe(1);
    expect(await list(ada)).toEqual([answers[0]?.body]);
    expect((await rowsOf(app, ada.userId)).audioFiles).toHaveLength(1);
  });

  it('makes one record, and no error, of a write whose answer is lost', async () => {
    stub.behave(({ attempt }) => (attempt === 1 ? 'forward-then-cut' : 'forward'));
    const { status, body } = await create(monday);
    expect(stub.calls).toEqual(['BatchGetItem', 'BatchGetItem', 'PutItem', 'PutItem']);
    expect([200, 201]).toContain(status);
    expect(body).toEqual(record());
    expect((await create(monday).expect(200)).body).toEqual(body);
    expect(await list(ada)).toEqual([body]);
  });

  it('answers 503 while the database is away, and 201 to the same request later', async () => {
    stub.behave(() => 'cut');
    const away = await create(monday);
    expectProblem(away, { status: 503, detail: 'The service is temporarily unavailable', instance: PATH });
    expect(away.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    stub.behave(() => 'forward');
    const { body } = await create(monday).expect(201);
    expect(await list(ada)).toEqual([body]);
  });
});
