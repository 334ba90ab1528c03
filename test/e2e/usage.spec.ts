import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { expectProblem } from '../support/problems.js';
import { putRows } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/usage';
const NO_QUOTA = { max_files: null, max_bytes: null };

const amount = (count: number, verified = 0, claimed = 0) => ({ count, bytes: { verified, claimed } });
const seconds = (instant: string) => Date.parse(instant) / 1000;
const thisMonth = () => new Date().toISOString().slice(0, 7);

describe('GET /api/user/usage', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    ada = await registerAccount(app);
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const usage = async ({ http } = app) =>
    (await http.get(PATH).set(ada.authorization).expect(200)).body as unknown;

  /** Stores records of Ada's, in rows as the older backend wrote them but for what is given. */
  const store = (records: object[]) =>
    putRows(
      app,
      app.config.tables.audioFiles,
      records.map((record) => ({
        ...{ file_id: randomUUID(), user_id: ada.userId, s3_key: 'recordings/monday.m4a' },
        ...{ uploaded_at: 1_758_762_381, uploaded_at_iso: '1999-12-31T00:00:00.5' },
        ...record,
      })),
    );

  async function upload(content_type: string, audio: string, isCompleted: boolean): Promise<void> {
    const fields = { s3_key: undefined, content_type, file_size: audio.length };
    const { file_id, upload: to } = await createAudioFile(app, ada, fields);
    const { url, headers } = to as { url: string; headers: Record<string, string> };
    await fetch(url, { method: 'PUT', headers, body: audio });
    if (!isCompleted) return;
    await app.http.post(`/api/audio-file/${file_id}/complete`).set(ada.authorization).expect(200);
  }

  it('is nothing for a user who has nothing', async () => {
    await createAudioFile(app, await registerAccount(app));
    expect(await usage()).toEqual({
      ...amount(0),
      by_month: [],
      by_content_type: [],
      quota: NO_QUOTA,
    });
  });

  it('adds up records with a key, uploads under way and done, and rows of the older backend', async () => {
    const months = [thisMonth()];
    await createAudioFile(app, ada, { file_size: 1000, content_type: 'audio/mp4' });
    await createAudioFile(app, ada, { file_size: null });
    await upload('audio/wav', 'five!', true);
    await upload('audio/wav', 'seven!!', false);
    await store([{}, { file_size: 10 }, { file_size: null }]);
    await createAudioFile(app, await registerAccount(app), { file_size: 1e6 });
    const answer = await usage();
    months.push(thisMonth());
    expect(answer).toEqual({
      ...amount(7, 5, 1017),
      by_month: [
        { month: '2025-09', ...amount(3, 0, 10) },
        { month: expect.stringMatching(new RegExp(`^(${months.join('|')})$`)), ...amount(4, 5, 1007) },
      ],
      by_content_type: [
        { content_type: null, ...amount(4, 0, 10) },
        { content_type: 'audio/wav', ...amount(2, 5, 7) },
        { content_type: 'audio/mp4', ...amount(1, 0, 1000) },
      ],
      quota: NO_QUOTA,
    });
  });

  it('has the months of UTC, oldest first, and leaves out those without a record', async () => {
    const instants = [
      ...['2025-03-01T00:00:00Z', '2024-12-31T23:59:59Z', '2025-01-01T00:00:00Z', '2025-02-28T23:59:59Z'],
      ...['2025-02-01T00:00:00Z', '1970-01-01T00:00:00Z', '2023-11-15T12:00:00Z'],
    ];
    await store(instants.map((instant, i) => ({ uploaded_at: seconds(instant), file_size: 10 ** i })));
    // The older backend stored fractions of a second.
    await store([{ uploaded_at: seconds('2024-12-31T23:59:59Z') + 0.999, file_size: 1e7 }]);
    expect(await usage()).toEqual({
      ...amount(8, 0, 11_111_111),
      by_month: [
        { month: '1970-01', ...amount(1, 0, 100_000) },
        { month: '2023-11', ...amount(1, 0, 1_000_000) },
        { month: '2024-12', ...amount(2, 0, 10_000_010) },
        { month: '2025-01', ...amount(1, 0, 100) },
        { month: '2025-02', ...amount(2, 0, 11_000) },
        { month: '2025-03', ...amount(1, 0, 1) },
      ],
      by_content_type: [{ content_type: null, ...amount(8, 0, 11_111_111) }],
      quota: NO_QUOTA,
    });
  });

  it('counts types without their parameters and by themselves, largest count first', async () => {
    const types = ['audio/webm;codecs=opus', 'AUDIO/WebM', 'audio/webm; codecs="pcm"', 'audio/mp4'];
    for (const content_type of [...types, 'audio/mp4', null, 'application/octet-stream']) {
      await createAudioFile(app, ada, { file_size: 1, content_type });
    }
    const month = { month: expect.stringMatching(/^\d{4}-\d\d$/), ...amount(7, 0, 7) };
    const { by_content_type, ...rest } = (await usage()) as { by_content_type: { content_type: string }[] };
    expect(rest).toEqual({ ...amount(7, 0, 7), by_month: [month], quota: NO_QUOTA });
    expect(by_content_type.slice(0, 2)).toEqual([
      { content_type: 'audio/webm', ...amount(3, 0, 3) },
      { content_type: 'audio/mp4', ...amount(2, 0, 2) },
    ]);
    expect(new Set(by_content_type.slice(2))).toEqual(
      new Set([null, 'application/octet-stream'].map((type) => ({ content_type: type, ...amount(1, 0, 1) }))),
    );
  });

  it('has the thousand most common types, and all of them in the totals', async () => {
    const types = Array.from({ length: 1005 }, (_, n) => ({ content_type: `audio/x-${n}`, file_size: 1 }));
    await store([...types, ...types.slice(-3)]);
    const { by_content_type: told, ...rest } = (await usage()) as {
      by_content_type: { content_type: string }[];
    };
    expect(rest).toMatchObject(amount(1008, 0, 1008));
    expect(told).toHaveLength(1000);
    expect(new Set(told.slice(0, 3).map(({ content_type }) => content_type))).toEqual(
      new Set(['audio/x-1002', 'audio/x-1003', 'audio/x-1004']),
    );
  });

  it('no longer has what was deleted', async () => {
    const { file_id } = await createAudioFile(app, ada);
    await app.http.delete(`/api/audio-file/${file_id}`).set(ada.authorization).expect(200);
    expect(await usage()).toMatchObject(amount(0));
  });

  it('is whole where the records fill several pages', async () => {
    const title = 'x'.repeat(900);
    const record = (i: number) => ({ uploaded_at: 1_758_762_381 + i, file_size: i, title });
    await store(Array.from({ length: 2000 }, (_, i) => record(i)));
    stub.behave(() => 'forward');
    const bytes = (2000 * 1999) / 2;
    expect(await usage()).toEqual({
      ...amount(2000, 0, bytes),
      by_month: [{ month: '2025-09', ...amount(2000, 0, bytes) }],
      by_content_type: [{ content_type: null, ...amount(2000, 0, bytes) }],
      quota: NO_QUOTA,
    });
    expect(stub.calls.filter((name) => name === 'Query').length).toBeGreaterThan(1);
  });

  it('shows the quota there is', async () => {
    const quota = { MAX_FILES_PER_USER: '5', MAX_BYTES_PER_USER: '5497558138880' };
    for (const [environment, shown] of [
      [quota, { max_files: 5, max_bytes: 5_497_558_138_880 }],
      [{ MAX_FILES_PER_USER: '5' }, { max_files: 5, max_bytes: null }],
    ] as const) {
      const limited = await startTestApp(environment, app);
      try {
        expect(await usage(limited)).toEqual({
          ...amount(0),
          by_month: [],
          by_content_type: [],
          quota: shown,
        });
      } finally {
        await limited.close();
      }
    }
  });

  it.each([
    ['from the beginning', 1],
    ['after the first page', 2],
  ])('is a 503, and no part of the numbers, where the database is away %s', async (_case, from) => {
    await store(Array.from({ length: 1500 }, () => ({ title: 'x'.repeat(900) })));
    await usage();
    stub.behave(({ attempt }) => (attempt < from ? 'forward' : 'cut'));
    const answer = await app.http.get(PATH).set(ada.authorization);
    const detail = 'The service is temporarily unavailable';
    expectProblem(answer, { status: 503, detail, instance: PATH });
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  });

  it('is refused without a token, and with a bad one', async () => {
    const without = await app.http.get(PATH);
    expectProblem(without, { status: 401, detail: 'Not authenticated', instance: PATH });
    const bad = await app.http.get(PATH).set('Authorization', `${ada.authorization.Authorization}x`);
    expectProblem(bad, { status: 401, detail: 'Token is invalid or expired', instance: PATH });
  });

  it('is given as often a minute as the limit says, to each user', async () => {
    const limited = await startTestApp({ RATE_LIMIT: 'on', RATE_LIMIT_USAGE: '2' }, app);
    try {
      for (const left of [1, 0]) {
        const { headers } = await limited.http.get(PATH).set(ada.authorization).expect(200);
        expect(headers['ratelimit']).toMatch(new RegExp(`^"usage";r=${left};t=(60|5\\d)$`));
      }
      const third = await limited.http.get(PATH).set(ada.authorization);
      expectProblem(third, { status: 429, detail: 'Too many requests', instance: PATH });
      expect(third.headers['ratelimit-policy']).toBe('"usage";q=2;w=60');
      const bob = await registerAccount(app);
      await limited.http.get(PATH).set(bob.authorization).expect(200);
    } finally {
      await limited.close();
    }
  });
});
