import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { type Account, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { problemBody } from '../support/problem-body.js';
import { expectProblem } from '../support/problems.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/audio-files/batch-create';
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

interface Result {
  status: number;
  audio_file: Record<string, unknown> & { file_id: string };
}

const problem = (status: number, detail: string, field?: string) => ({
  status,
  problem: problemBody(status, detail, PATH, field === undefined ? undefined : [{ field, message: detail }]),
});
const invalid = (n: number, field: string, rule: string) =>
  problem(400, `${field} ${rule}`, `items.${n}.${field}`);
const unavailable = problem(503, 'The service is temporarily unavailable');
const reused = problem(422, 'The idempotency key was used before with different content');

const itemsOf = (count: number, more: (n: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, n) => ({ s3_key: `recordings/${n}`, ...more(n) }));
const withIds = (count: number) => itemsOf(count, (n) => ({ client_id: `client ${n}` }));

const KEY_OR_UPLOAD =
  'is required for an object that is in S3, or content_type and file_size for one that is to be uploaded';

describe('POST /api/user/audio-files/batch-create', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(app);
    await list();
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const post = (body: object) => app.http.post(PATH).set(ada.authorization).send(body);
  const results = ({ body }: Response) => (body as { results: Result[] }).results;
  const create = async (items: unknown[]) => results(await post({ items }).expect(200));
  const list = async () =>
    (await app.http.get('/api/user/audio-files?limit=100').set(ada.authorization).expect(200))
      .body as Result['audio_file'][];
  const storedKeys = async () =>
    (await rowsOf(app, ada.userId)).audioFiles.map((row) => row['s3_key'] as string).sort();
  const made = (fields: object, status = 201) => ({
    status,
    audio_file: {
      ...{ file_id: expect.any(String), user_id: ada.userId, file_size: null, uploaded_at: INSTANT },
      ...{ recorded_at: null, status: 'ready', title: null, tags: [], duration_seconds: null },
      ...{ content_type: null, checksum_sha256: null, object_etag: null },
      ...fields,
    },
  });
  const statuses = (outcomes: Result[]) => outcomes.map(({ status }) => status);
  const times = (count: number, status: number) => Array<number>(count).fill(status);

  it('makes a record of each item, in order, as the list has them', async () => {
    const items = [{ s3_key: 'a', title: 'A' }, { s3_key: 'b', file_size: 5 }, { s3_key: 'c' }];
    const answer = await post({ items }).expect(200);
    expect(answer.body).toEqual({ results: items.map((item) => made(item)) });
    const files = results(answer).map(({ audio_file }) => audio_file);
    expect(await list()).toEqual(expect.arrayContaining(files));
    expect(new Set(files.map(({ file_id }) => file_id)).size).toBe(3);
  });

  it('makes 100 records, and none of them twice', async () => {
    const items = itemsOf(100);
    expect(await create(items)).toEqual(items.map((item) => made(item)));
    expect(await storedKeys()).toEqual(items.map(({ s3_key }) => s3_key).sort());
  });

  it.each([
    ['no items', {}, 'is required'],
    ['null', { items: null }, 'is required'],
    ['an empty list', { items: [] }, 'must have at least 1 entry'],
    ['101 items', { items: itemsOf(101) }, 'must have at most 100 entries'],
    ['an object', { items: { 0: { s3_key: 'a' } } }, 'must be a list'],
    ['a text', { items: 'a' }, 'must be a list'],
  ])('answers 400 to %s, and writes nothing', async (_case, body, rule) => {
    stub.behave(() => 'forward');
    const detail = `items ${rule}`;
    const errors = [{ field: 'items', message: detail }];
    expectProblem(await post(body), { status: 400, detail, instance: PATH, errors });
    expect(stub.calls).toEqual(['BatchGetItem']);
  });

  it('tells what is wrong with each item that is, and makes the others', async () => {
    const items = [
      ...[{ s3_key: 'good 0' }, { s3_key: '/x' }, 5, null, [], { client_id: '', s3_key: 'x' }],
      ...[{ content_type: 'audio/wav' }, { s3_key: `audio_upload/${randomUUID()}/x` }, { s3_key: 'good 8' }],
      ...[{}, { s3_key: 'x', client_id: 'ä' }, { s3_key: 'x', client_id: 7 }],
    ];
    const notAKey = 'must be 1 to 255 printable ASCII characters';
    const notAnObject = (n: number) => problem(400, `items.${n} must be a JSON object`, `items.${n}`);
    const outcomes = await create(items);
    expect(outcomes).toEqual([
      made({ s3_key: 'good 0' }),
      expect.objectContaining({ status: 400 }),
      ...[notAnObject(2), notAnObject(3), notAnObject(4)],
      expect.objectContaining({ status: 400 }),
      expect.objectContaining({ status: 400 }),
      problem(403, 'Access denied'),
      made({ s3_key: 'good 8' }),
      ...times(3, 400).map((status) => expect.objectContaining({ status })),
    ]);
    expect(outcomes[1]).toEqual(invalid(1, 's3_key', 'must not start with a slash'));
    expect(outcomes[5]).toEqual(invalid(5, 'client_id', notAKey));
    expect(outcomes[6]).toEqual(invalid(6, 'file_size', 'is required for an upload'));
    expect(outcomes[9]).toEqual(invalid(9, 's3_key', KEY_OR_UPLOAD));
    expect(outcomes[10]).toEqual(invalid(10, 'client_id', notAKey));
    expect(outcomes[11]).toEqual(invalid(11, 'client_id', 'must be a string'));
    expect(await storedKeys()).toEqual(['good 0', 'good 8']);
  });

  it.each([
    ['without', {}],
    ['with', { client_id: 'c' }],
  ])('gives an upload %s client_id an address that takes the audio', async (_case, id) => {
    const [outcome] = await create([{ content_type: 'audio/wav', file_size: 5, ...id }]);
    const { upload, ...file } = outcome?.audio_file as Result['audio_file'] & {
      upload: { url: string; headers: Record<string, string> };
    };
    const s3_key = `audio_upload/${ada.userId}/${file.file_id}.wav`;
    const fields = { s3_key, status: 'pending', content_type: 'audio/wav', file_size: 5 };
    expect({ status: outcome?.status, audio_file: file }).toEqual(made(fields));
    expect(upload).toEqual({
      url: expect.stringContaining(s3_key),
      expires_at: INSTANT,
      method: 'PUT',
      headers: { 'Content-Type': 'audio/wav', 'Content-Length': '5', 'If-None-Match': '*' },
    });
    const put = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: 'audio' });
    expect(put.status).toBe(200);
    const completion = app.http.post(`/api/audio-file/${file.file_id}/complete`).set(ada.authorization);
    const object_etag = expect.stringMatching(/^".+"$/);
    expect((await completion.expect(200)).body).toEqual({ ...file, status: 'ready', object_etag });
  });

  it('answers 201 and then 200 where one client_id comes twice with the same content', async () => {
    const [first, second] = await create([
      { s3_key: 'a', client_id: 'c' },
      { client_id: 'c', s3_key: 'a' },
    ]);
    expect([first, second]).toEqual([made({ s3_key: 'a' }), { ...first, status: 200 }]);
    expect(await storedKeys()).toEqual(['a']);
  });

  it('stores the first of two contents of one client_id, and answers 422 to the second, every time', async () => {
    for (let i = 0; i < 20; i++) {
      const items = [`first ${i}`, `second ${i}`].map((s3_key) => ({ s3_key, client_id: `c${i}` }));
      expect(await create(items)).toEqual([made({ s3_key: `first ${i}` }), reused]);
    }
    const firsts = Array.from({ length: 20 }, (_, i) => `first ${i}`);
    expect(await storedKeys()).toEqual(firsts.sort());
  });

  it('takes a client_id and an Idempotency-Key for one and the same', async () => {
    const single = (s3_key: string) =>
      app.http.post('/api/audio-file').set(ada.authorization).set('Idempotency-Key', 'k').send({ s3_key });
    const { body } = await single('a').expect(201);
    const outcomes = await create([
      { s3_key: 'a', client_id: 'k' },
      { s3_key: 'b', client_id: 'k' },
    ]);
    expect(outcomes).toEqual([{ status: 200, audio_file: body }, reused]);
    const [ofBatch] = await create([{ s3_key: 'c', client_id: 'l' }]);
    const again = single('c').set('Idempotency-Key', 'l');
    expect((await again.expect(200)).body).toEqual(ofBatch?.audio_file);
  });

  it('makes nothing twice of a batch with client_ids that is repeated, also at the same time', async () => {
    const first = await create(withIds(100));
    expect(statuses(first)).toEqual(times(100, 201));
    const repeated = first.map(({ audio_file }) => ({ status: 200, audio_file }));
    expect(await Promise.all([create(withIds(100)), create(withIds(100))])).toEqual([repeated, repeated]);
    expect(await storedKeys()).toHaveLength(100);
  });

  it('asks again for what the database left undone', async () => {
    stub.behave(({ attempt }) =>
      attempt <= 2 ? { leave: ({ s3_key }) => /[37]$/.test(s3_key?.S ?? '') } : 'forward',
    );
    expect(statuses(await create(itemsOf(20)))).toEqual(times(20, 201));
    expect(stub.calls).toEqual(['BatchGetItem', ...times(3, 0).map(() => 'BatchWriteItem')]);
    expect(await storedKeys()).toEqual(
      itemsOf(20)
        .map(({ s3_key }) => s3_key)
        .sort(),
    );
  });

  it('answers 503 for what the database leaves undone for good, and has written the others', async () => {
    stub.behave(() => ({ leave: ({ s3_key }) => /7$/.test(s3_key?.S ?? '') }));
    const items = itemsOf(40);
    const isLeft = ({ s3_key }: { s3_key: string }) => s3_key.endsWith('7');
    expect(await create(items)).toEqual(items.map((item) => (isLeft(item) ? unavailable : made(item))));
    expect(stub.calls.length).toBeLessThanOrEqual(13);
    const written = items.filter((item) => !isLeft(item)).map(({ s3_key }) => s3_key);
    expect(await storedKeys()).toEqual(written.sort());
    const line = app.logs.find(({ msg }) => msg === 'a batch was done in part');
    expect(line).toMatchObject({ level: 'warn', items: 40, undone: 4 });
  });

  it.each([
    ['without', 'BatchWriteItem', itemsOf(100), 2],
    ['with', 'PutItem', withIds(100), 40],
  ])(
    'answers what is so where the database goes away amid items %s client_id',
    async (_c, name, items, last) => {
      stub.behave(({ operation, attempt }) => (operation === name && attempt > last ? 'cut' : 'forward'));
      const outcomes = await create(items);
      const done = items.filter((_, n) => outcomes[n]?.status === 201);
      expect(outcomes).toEqual(
        items.map(({ s3_key }, n) => (outcomes[n]?.status === 201 ? made({ s3_key }) : unavailable)),
      );
      expect(done).toHaveLength(name === 'PutItem' ? 40 : 50);
      expect(await storedKeys()).toEqual(done.map(({ s3_key }) => s3_key).sort());
    },
  );
});
