import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { problemBody } from '../support/problem-body.js';
import { expectProblem } from '../support/problems.js';
import { sendRaw } from '../support/raw-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const BASE = '/api/user/audio-files';
const PATH = `${BASE}/batch-get`;

type AudioFile = Record<string, unknown> & { file_id: string };

const problem = (status: number, detail: string, field?: string) => ({
  status,
  problem: problemBody(status, detail, PATH, field === undefined ? undefined : [{ field, message: detail }]),
});
const unknown = problem(404, 'Audio file not found');
const denied = problem(403, 'Access denied');
const unavailable = problem(503, 'The service is temporarily unavailable');
const there = (audio_file: AudioFile) => ({ status: 200, audio_file });

describe('POST /api/user/audio-files/batch-get', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;
  let files: AudioFile[];

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
    ada = await registerAccount(app);
    files = await create(100);
  });

  beforeEach(() => stub.behave(() => 'forward'));

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const post = (body: object, account = ada) => app.http.post(PATH).set(account.authorization).send(body);
  const get = async (file_ids: unknown[]) =>
    ((await post({ file_ids }).expect(200)).body as { results: unknown[] }).results;
  const idsOf = (some: AudioFile[]) => some.map(({ file_id }) => file_id);

  async function create(count: number): Promise<AudioFile[]> {
    const items = Array.from({ length: count }, (_, n) => ({ s3_key: `recordings/${n}`, file_size: n }));
    const request = app.http.post(`${BASE}/batch-create`).set(ada.authorization).send({ items });
    const { results } = (await request.expect(200)).body as { results: { audio_file: AudioFile }[] };
    return results.map(({ audio_file }) => audio_file);
  }

  it('gives 100 records in the order of their ids, as each alone', async () => {
    const reversed = [...files].reverse();
    const { body } = await post({ file_ids: idsOf(reversed) }).expect(200);
    expect(body).toEqual({ results: reversed.map(there) });
    expect(stub.calls).toEqual(['BatchGetItem']);
    const alone = app.http.get(`/api/audio-file/${files[0]?.file_id}`).set(ada.authorization);
    expect((await alone.expect(200)).body).toEqual(files[0]);
  });

  it('finds a record that was just made', async () => {
    const file = await createAudioFile(app, ada, { title: 'New' });
    expect(await get([file.file_id])).toEqual([there(file)]);
  });

  it('tells of each id that is no record of the caller why, and gives the others', async () => {
    const foreign = await createAudioFile(app, await registerAccount(app));
    const [first, second] = files as [AudioFile, AudioFile];
    const ids = [randomUUID(), first.file_id, foreign.file_id, 'no-uuid', 7, '', null, {}, second.file_id];
    const notText = (n: number) => problem(400, `file_ids.${n} must be a string`, `file_ids.${n}`);
    expect(await get(ids)).toEqual([
      ...[unknown, there(first), denied, unknown, notText(4), unknown, notText(6), notText(7)],
      there(second),
    ]);
  });

  it('leaves a line in the audit trail for each record of somebody else', async () => {
    const bob = await registerAccount(app);
    const foreign = [await createAudioFile(app, bob), await createAudioFile(app, bob)];
    const request_id = randomUUID();
    const request = post({ file_ids: idsOf([...foreign, files[0] as AudioFile]) });
    await request.set('X-Request-Id', request_id).expect(200);
    await findLogLine(app, (line) => line.msg === 'request' && line['request_id'] === request_id);
    const trail = app.logs.filter((line) => line['audit'] !== undefined && line['request_id'] === request_id);
    const line = expect.objectContaining({
      ...{ level: 'info', audit: 'access-denied', reason: 'not-owner', user_id: ada.userId, route: PATH },
    });
    expect(trail).toEqual([line, line]);
  });

  it('gives the same outcome twice for an id that comes twice, and asks once', async () => {
    const [file] = files as [AudioFile];
    const none = randomUUID();
    const ids = [file.file_id, none, file.file_id, none];
    expect(await get(ids)).toEqual([there(file), unknown, there(file), unknown]);
    expect(stub.calls).toEqual(['BatchGetItem']);
  });

  it('asks the database nothing where no id can be one', async () => {
    expect(await get(['x', 'y'])).toEqual([unknown, unknown]);
    expect(stub.calls).toEqual([]);
  });

  it('asks again for what the database left undone', async () => {
    const left = new Set(idsOf(files.slice(10, 15)));
    stub.behave(({ attempt }) =>
      attempt === 1 ? { leave: ({ file_id }) => left.has(file_id?.S ?? '') } : 'forward',
    );
    expect(await get(idsOf(files))).toEqual(files.map(there));
    expect(stub.calls).toEqual(['BatchGetItem', 'BatchGetItem']);
  });

  it('answers 503, and not 404, for what the database leaves undone for good', async () => {
    const left = new Set(idsOf(files.slice(10, 15)));
    stub.behave(() => ({ leave: ({ file_id }) => left.has(file_id?.S ?? '') }));
    const expected = files.map((file) => (left.has(file.file_id) ? unavailable : there(file)));
    expect(await get(idsOf(files))).toEqual(expected);
    expect(stub.calls.length).toBeLessThanOrEqual(6);
  });

  it('answers 503 for every id that it would have to ask about while the database is away', async () => {
    stub.behave(() => 'cut');
    expect(await get([...idsOf(files.slice(0, 2)), 'x'])).toEqual([unavailable, unavailable, unknown]);
    stub.behave(({ attempt }) => (attempt === 1 ? { leave: () => true } : 'cut'));
    expect(await get(idsOf(files.slice(0, 2)))).toEqual([unavailable, unavailable]);
  });
});

describe.each([
  ['batch-create', 'items', { s3_key: 'recordings/monday.m4a' }],
  ['batch-get', 'file_ids', randomUUID()],
  ['batch-delete', 'file_ids', randomUUID()],
])('POST /api/user/audio-files/%s', (name, list, entry) => {
  const path = `${BASE}/${name}`;
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    app = await startTestApp({ RATE_LIMIT: 'on', RATE_LIMIT_BATCH: '2', RATE_LIMIT_REGISTER: '1000' });
  });

  beforeEach(async () => {
    ada = await registerAccount(app);
  });

  afterAll(() => app.close());

  const post = (body: object) => app.http.post(path).set(ada.authorization).send(body);

  it.each([
    ['nothing', undefined, 'is required'],
    ['null', null, 'is required'],
    ['an empty list', [], 'must have at least 1 entry'],
    ['101 entries', Array<unknown>(101).fill(entry), 'must have at most 100 entries'],
    ['no list', { length: 1 }, 'must be a list'],
  ])('answers 400 to %s', async (_case, value, rule) => {
    const detail = `${list} ${rule}`;
    const errors = [{ field: list, message: detail }];
    expectProblem(await post({ [list]: value }), { status: 400, detail, instance: path, errors });
  });

  it('answers 401 without a token', async () => {
    const answer = await app.http.post(path).send({ [list]: [entry] });
    expectProblem(answer, { status: 401, detail: 'Not authenticated', instance: path });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('answers 401 to a bad token', async () => {
    const answer = await post({ [list]: [entry] }).set(
      'Authorization',
      `${ada.authorization.Authorization}x`,
    );
    expectProblem(answer, { status: 401, detail: 'Token is invalid or expired', instance: path });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it.each([
    ['malformed JSON', `{"${list}": [`, 400, 'The request body is not valid JSON'],
    [
      'a body of more than 100 KB',
      `{"x": "${'x'.repeat(102_400)}"}`,
      413,
      'The request body is larger than 100 KB',
    ],
  ])('refuses %s', async (_case, body, status, detail) => {
    const headers = { ...ada.authorization, 'Content-Type': 'application/json' };
    const answer = await sendRaw(app, 'POST', path, { headers, body });
    expectProblem(answer, { status, detail, instance: path });
  });

  it('lets a user ask twice a minute here, refuses the third time, and lets somebody else ask', async () => {
    await post({ [list]: [entry] }).expect(200);
    await post({ [list]: [entry] }).expect(200);
    const third = await post({ [list]: [entry] });
    expectProblem(third, { status: 429, detail: 'Too many requests', instance: path });
    expect(third.headers['ratelimit-policy']).toBe('"batch";q=2;w=60');
    expect(third.headers['retry-after']).toMatch(/^([1-5]?\d|60)$/);
    ada = await registerAccount(app);
    await post({ [list]: [entry] }).expect(200);
  });
});
