import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { problemBody } from '../support/problem-body.js';
import { expectProblem } from '../support/problems.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/audio-file';
const BATCHES = '/api/user/audio-files';

interface Outcome {
  status: number;
  audio_file?: { file_id: string };
}

const full = (quota: number) => `You can keep at most ${quota} audio files`;
const times = (count: number, status: number) => Array<number>(count).fill(status);
const itemsOf = (count: number, more: (n: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, n) => ({ s3_key: `recordings/${n}`, ...more(n) }));

describe('a quota', () => {
  let stub: DatabaseStub;
  const apps: TestApp[] = [];

  beforeAll(async () => {
    stub = await startDatabaseStub();
  });

  afterEach(async () => {
    stub.behave(() => 'forward');
    // The last one first: the tables belong to the first.
    for (const app of apps.splice(0).reverse()) await app.close();
  });

  afterAll(() => stub.close());

  async function start(quota: Record<string, string>, beside?: TestApp): Promise<TestApp> {
    const app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint, ...quota }, beside);
    apps.push(app);
    return app;
  }
  const create = (app: TestApp, { authorization }: Account, body: object = {}, key?: string) => {
    const request = app.http.post(PATH).set(authorization);
    if (key !== undefined) void request.set('Idempotency-Key', key);
    return request.send({ s3_key: 'recordings/monday.m4a', ...body });
  };
  async function batch(app: TestApp, name: string, account: Account, body: object): Promise<Outcome[]> {
    const request = app.http.post(`${BATCHES}/${name}`).set(account.authorization).send(body);
    return ((await request.expect(200)).body as { results: Outcome[] }).results;
  }
  const statuses = (outcomes: { status: number }[]) => outcomes.map(({ status }) => status).sort();
  const stored = async (app: TestApp, { userId }: Account) => (await rowsOf(app, userId)).audioFiles.length;

  it('of files lets a user have as many and no more, and nobody else have less', async () => {
    const app = await start({ MAX_FILES_PER_USER: '3' });
    const [ada, bob] = [await registerAccount(app), await registerAccount(app)];
    for (let i = 0; i < 3; i++) await createAudioFile(app, ada);
    for (let i = 0; i < 2; i++) {
      const answer = await create(app, ada);
      expectProblem(answer, { status: 403, detail: full(3), instance: PATH });
      expect(answer.headers['retry-after']).toBeUndefined();
    }
    expect(await stored(app, ada)).toBe(3);
    await createAudioFile(app, bob);
  });

  it('of bytes counts what is announced, to the byte, and nothing where no size is', async () => {
    const app = await start({ MAX_BYTES_PER_USER: '1000' });
    const ada = await registerAccount(app);
    await createAudioFile(app, ada, { file_size: 400 });
    const upload = { s3_key: undefined, content_type: 'audio/wav' };
    const detail = 'You can keep at most 1000 bytes of audio';
    const tooMuch = await create(app, ada, { ...upload, file_size: 601 });
    expectProblem(tooMuch, { status: 403, detail, instance: PATH });
    await createAudioFile(app, ada, { ...upload, file_size: 600 });
    expectProblem(await create(app, ada, { file_size: 1 }), { status: 403, detail, instance: PATH });
    await createAudioFile(app, ada, { file_size: 0 });
    await createAudioFile(app, ada, { file_size: null });
    expect(await stored(app, ada)).toBe(4);
  });

  it('counts what was there before the application started', async () => {
    const before = await start({});
    const ada = await registerAccount(before);
    await batch(before, 'batch-create', ada, { items: itemsOf(5) });
    const app = await start({ MAX_FILES_PER_USER: '5' }, before);
    expectProblem(await create(app, ada), { status: 403, detail: full(5), instance: PATH });
  });

  it('has room again at once when something is deleted, one by one or many together', async () => {
    const app = await start({ MAX_FILES_PER_USER: '2', MAX_BYTES_PER_USER: '20' });
    const ada = await registerAccount(app);
    const first = await createAudioFile(app, ada, { file_size: 10 });
    const second = await createAudioFile(app, ada, { file_size: 10 });
    await create(app, ada).expect(403);
    await app.http.delete(`${PATH}/${first.file_id}`).set(ada.authorization).expect(200);
    const third = await createAudioFile(app, ada, { file_size: 10 });
    await create(app, ada).expect(403);
    await batch(app, 'batch-delete', ada, { file_ids: [second.file_id, third.file_id, second.file_id] });
    await createAudioFile(app, ada, { file_size: 20 });
    await createAudioFile(app, ada, { file_size: 0 });
    await create(app, ada).expect(403);
  });

  it('makes no more room than was deleted, also where one deletion comes many times at once', async () => {
    const app = await start({ MAX_FILES_PER_USER: '5' });
    const ada = await registerAccount(app);
    const made = await batch(app, 'batch-create', ada, { items: itemsOf(5) });
    const file_ids = [made[0]?.audio_file?.file_id];
    await Promise.all(Array.from({ length: 5 }, () => batch(app, 'batch-delete', ada, { file_ids })));
    const outcomes = await batch(app, 'batch-create', ada, { items: itemsOf(5) });
    expect(outcomes.map(({ status }) => status)).toEqual([201, ...times(4, 403)]);
    expect(await stored(app, ada)).toBe(5);
  });

  it('lets in the items of a batch up to the limit, in order', async () => {
    const app = await start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const outcomes = await batch(app, 'batch-create', ada, { items: itemsOf(13) });
    const path = `${BATCHES}/batch-create`;
    expect(outcomes.map(({ status }) => status)).toEqual([...times(10, 201), ...times(3, 403)]);
    expect(outcomes[12]).toEqual({ status: 403, problem: problemBody(403, full(10), path) });
    expect(await stored(app, ada)).toBe(10);
  });

  it('that is full lets a repeated request have its record, and 422 be what it is', async () => {
    const app = await start({ MAX_FILES_PER_USER: '1' });
    const ada = await registerAccount(app);
    const { body } = await create(app, ada, {}, 'k').expect(201);
    expect((await create(app, ada, {}, 'k').expect(200)).body).toEqual(body);
    await create(app, ada, { title: 'another' }, 'k').expect(422);
    await create(app, ada, {}, 'another').expect(403);
    expect((await create(app, ada, {}, 'k').expect(200)).body).toEqual(body);
  });

  it('counts nothing for repeated requests: one batch again and again leaves the room there was', async () => {
    const app = await start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const items = itemsOf(9, (n) => ({ client_id: `c${n}` }));
    await batch(app, 'batch-create', ada, { items });
    for (let i = 0; i < 3; i++) await batch(app, 'batch-create', ada, { items });
    await create(app, ada).expect(201);
    await create(app, ada).expect(403);
  });

  it('has room for what is new in a batch that is repeated because a part of it failed', async () => {
    const app = await start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const items = itemsOf(10, (n) => ({ client_id: `c${n}` }));
    await batch(app, 'batch-create', ada, { items: items.slice(0, 9) });
    const outcomes = await batch(app, 'batch-create', ada, { items });
    expect(outcomes.map(({ status }) => status)).toEqual([...times(9, 200), 201]);
  });

  it('has room again for the items of a batch that the database left undone', async () => {
    const app = await start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    stub.behave(({ operation }) =>
      operation === 'BatchWriteItem' ? { leave: ({ s3_key }) => /[5-9]$/.test(s3_key?.S ?? '') } : 'forward',
    );
    const first = await batch(app, 'batch-create', ada, { items: itemsOf(10) });
    stub.behave(() => 'forward');
    const again = await batch(app, 'batch-create', ada, { items: itemsOf(10).slice(5) });
    expect(statuses([...first, ...again])).toEqual([...times(10, 201), ...times(5, 503)]);
    expect(await stored(app, ada)).toBe(10);
  });

  it('counts a record whose write was applied while the answer was lost', async () => {
    const app = await start({ MAX_FILES_PER_USER: '2' });
    const ada = await registerAccount(app);
    stub.behave(({ operation, attempt }) =>
      operation === 'PutItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
    );
    expect((await create(app, ada, {}, 'k')).status).toBeLessThan(300);
    expect(statuses([await create(app, ada), await create(app, ada)])).toEqual([201, 403]);
    expect(await stored(app, ada)).toBe(2);
  });

  it.each([
    ['without a key', undefined],
    ['with one', 'k'],
  ])('has room again after a write that failed of itself, and no outage: %s', async (_how, key) => {
    const app = await start({ MAX_FILES_PER_USER: '1' });
    const ada = await registerAccount(app);
    const defect = dynamoDbError(400, 'ValidationException');
    for (let round = 0; round < 3; round++) {
      stub.behave(({ operation }) => (operation === 'PutItem' ? defect : 'forward'));
      await create(app, ada, {}, key).expect(500);
      stub.behave(() => 'forward');
    }
    const { body } = await create(app, ada, {}, key).expect(201);
    await create(app, ada).expect(403);
    // The same of a deletion: what was deleted without being told is counted.
    const at = `${PATH}/${body.file_id}`;
    stub.behave(({ operation }) => (operation === 'DeleteItem' ? 'forward-then-cut' : 'forward'));
    await app.http.delete(at).set(ada.authorization).expect(503);
    stub.behave(() => 'forward');
    await create(app, ada).expect(201);
  });

  it.each([
    ['without a key', undefined],
    ['with keys', () => randomUUID()],
  ])('of 10 lets in exactly 10 of 50 requests at once, %s', async (_case, key) => {
    const app = await start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    const answers = await Promise.all(Array.from({ length: 50 }, () => create(app, ada, {}, key?.())));
    expect(statuses(answers)).toEqual([...times(10, 201), ...times(40, 403)]);
    expect(await stored(app, ada)).toBe(10);
  });

  it('of 10 lets in at most 10 an instance where two count on their own', async () => {
    const first = await start({ MAX_FILES_PER_USER: '10' });
    const second = await start({ MAX_FILES_PER_USER: '10' }, first);
    const ada = await registerAccount(first);
    const there = await signIn(second, ada);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => create(n % 2 === 0 ? first : second, n % 2 === 0 ? ada : there)),
    );
    const granted = [0, 1].map(
      (instance) => answers.filter(({ status }, n) => n % 2 === instance && status === 201).length,
    );
    expect(new Set(statuses(answers))).toEqual(new Set([201, 403]));
    for (const count of granted) expect(count).toBeLessThanOrEqual(10);
    const total = (granted[0] ?? 0) + (granted[1] ?? 0);
    expect(total).toBeGreaterThanOrEqual(10);
    expect(await stored(first, ada)).toBe(total);
    await create(first, ada).expect(403);
    await create(second, there).expect(403);
  });

  it('is counted once for many records, and costs nothing where there is none', async () => {
    const [free, limited] = [await start({}), await start({ MAX_FILES_PER_USER: '100' })];
    for (const [app, reads] of [
      [free, []],
      [limited, ['Query']],
    ] as const) {
      const ada = await registerAccount(app);
      await app.http.get('/api/user').set(ada.authorization).expect(200);
      stub.behave(() => 'forward');
      for (let i = 0; i < 3; i++) await createAudioFile(app, ada);
      const others = stub.calls.filter((operation) => operation !== 'BatchGetItem');
      expect(others).toEqual([...reads, 'PutItem', 'PutItem', 'PutItem']);
      // Whether the sign-in has ended is asked each time.
      expect(stub.calls).toHaveLength(others.length + 3);
    }
  });

  it('that cannot be counted lets nothing in, and says so as an outage', async () => {
    const app = await start({ MAX_FILES_PER_USER: '10' });
    const ada = await registerAccount(app);
    stub.behave(({ operation }) => (operation === 'Query' ? 'cut' : 'forward'));
    const detail = 'The service is temporarily unavailable';
    expectProblem(await create(app, ada), { status: 503, detail, instance: PATH });
    stub.behave(() => 'forward');
    await create(app, ada).expect(201);
  });
});
