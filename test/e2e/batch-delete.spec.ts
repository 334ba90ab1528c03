import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { problemBody } from '../support/problem-body.js';
import { rowsOf } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const BASE = '/api/user/audio-files';
const PATH = `${BASE}/batch-delete`;

/** Nothing listens there, and no program may without being root. */
const CLOSED = 'http://127.0.0.1:1';

type AudioFile = Record<string, unknown> & { file_id: string };

const problem = (status: number, detail: string, field?: string) => ({
  status,
  problem: problemBody(status, detail, PATH, field === undefined ? undefined : [{ field, message: detail }]),
});
const unknown = problem(404, 'Audio file not found');
const denied = problem(403, 'Access denied');
const unavailable = problem(503, 'The service is temporarily unavailable');
const gone = (audio_file: AudioFile) => ({ status: 200, audio_file });
const idsOf = (files: AudioFile[]) => files.map(({ file_id }) => file_id);

describe('POST /api/user/audio-files/batch-delete', () => {
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
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  async function remove(file_ids: unknown[], { http } = app): Promise<unknown[]> {
    const { body } = await http.post(PATH).set(ada.authorization).send({ file_ids }).expect(200);
    return (body as { results: unknown[] }).results;
  }
  async function create(count: number): Promise<AudioFile[]> {
    const items = Array.from({ length: count }, (_, n) => ({ s3_key: `recordings/${n}` }));
    const request = app.http.post(`${BASE}/batch-create`).set(ada.authorization).send({ items });
    const { results } = (await request.expect(200)).body as { results: { audio_file: AudioFile }[] };
    return results.map(({ audio_file }) => audio_file);
  }
  const storedIds = async () =>
    (await rowsOf(app, ada.userId)).audioFiles.map((row) => row['file_id'] as string).sort();

  /** A record whose audio is in S3, and an address that shows whether it still is. */
  async function uploaded(): Promise<{ file: AudioFile; url: string }> {
    const fields = { s3_key: undefined, content_type: 'audio/wav', file_size: 5 };
    const created = await createAudioFile(app, ada, fields);
    const upload = created['upload'] as { url: string; headers: Record<string, string> };
    await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: 'audio' });
    const at = `/api/audio-file/${created.file_id}`;
    const { body: file } = await app.http.post(`${at}/complete`).set(ada.authorization).expect(200);
    const { body: link } = await app.http.get(`${at}/download-url`).set(ada.authorization).expect(200);
    expect((await fetch(link.url as string)).status).toBe(200);
    return { file, url: link.url };
  }

  it('deletes 100 records and answers with each, in order', async () => {
    const files = (await create(100)).reverse();
    const kept = await createAudioFile(app, ada);
    const { body } = await app.http
      .post(PATH)
      .set(ada.authorization)
      .send({ file_ids: idsOf(files) })
      .expect(200);
    expect(body).toEqual({ results: files.map(gone) });
    expect(await storedIds()).toEqual([kept.file_id]);
    expect(await remove(idsOf(files))).toEqual(files.map(() => unknown));
  });

  it('deletes the audio of the records too', async () => {
    const [first, second, kept] = [await uploaded(), await uploaded(), await uploaded()];
    const files = [first.file, second.file];
    expect(await remove(idsOf(files))).toEqual(files.map(gone));
    const there = await Promise.all([first, second, kept].map(async ({ url }) => (await fetch(url)).status));
    expect(there).toEqual([404, 404, 200]);
    expect(await storedIds()).toEqual([kept.file.file_id]);
  });

  it('leaves alone what is of somebody else, tells why of each id, and deletes the others', async () => {
    const bob = await registerAccount(app);
    const foreign = await createAudioFile(app, bob);
    const [first, second] = (await create(2)) as [AudioFile, AudioFile];
    const ids = [foreign.file_id, first.file_id, 7, randomUUID(), 'no-uuid', null, second.file_id];
    const notText = (n: number) => problem(400, `file_ids.${n} must be a string`, `file_ids.${n}`);
    expect(await remove(ids)).toEqual([
      ...[denied, gone(first), notText(2), unknown, unknown, notText(5), gone(second)],
    ]);
    expect(await storedIds()).toEqual([]);
    expect((await rowsOf(app, bob.userId)).audioFiles).toHaveLength(1);
    const line = await findLogLine(
      app,
      ({ audit, user_id }) => audit === 'access-denied' && user_id === ada.userId,
    );
    expect(line).toMatchObject({ level: 'info', reason: 'not-owner', route: PATH });
  });

  it('gives the same outcome twice for an id that comes twice', async () => {
    const [file] = (await create(1)) as [AudioFile];
    const none = randomUUID();
    const ids = [file.file_id, none, file.file_id, none];
    expect(await remove(ids)).toEqual([gone(file), unknown, gone(file), unknown]);
    expect(await storedIds()).toEqual([]);
  });

  it('deletes, in the end, what the database left undone at first', async () => {
    const files = await create(30);
    stub.behave(({ operation, attempt }) => {
      if (attempt > 2 || !operation.startsWith('Batch')) return 'forward';
      return { leave: ({ file_id }) => /[0-7]$/.test(file_id?.S ?? '') };
    });
    expect(await remove(idsOf(files))).toEqual(files.map(gone));
    expect(await storedIds()).toEqual([]);
  });

  it('answers 503 for what the database leaves undone for good, and has deleted the others', async () => {
    const files = await create(30);
    const left = new Set(idsOf(files.slice(10, 20)));
    stub.behave(({ operation }) =>
      operation === 'BatchWriteItem' ? { leave: ({ file_id }) => left.has(file_id?.S ?? '') } : 'forward',
    );
    const expected = files.map((file) => (left.has(file.file_id) ? unavailable : gone(file)));
    expect(await remove(idsOf(files))).toEqual(expected);
    expect(await storedIds()).toEqual([...left].sort());
    stub.behave(() => 'forward');
    const again = files.map((file) => (left.has(file.file_id) ? gone(file) : unknown));
    expect(await remove(idsOf(files))).toEqual(again);
  });

  it('answers 503, and neither 404 nor 200, for what the database cannot be asked about', async () => {
    const files = await create(10);
    const left = new Set(idsOf(files.slice(3, 5)));
    stub.behave(({ operation }) =>
      operation === 'BatchGetItem' ? { leave: ({ file_id }) => left.has(file_id?.S ?? '') } : 'forward',
    );
    const expected = files.map((file) => (left.has(file.file_id) ? unavailable : gone(file)));
    expect(await remove(idsOf(files))).toEqual(expected);
    expect(await storedIds()).toEqual([...left].sort());
  });

  it('answers what is so where the database goes away in the middle', async () => {
    const files = await create(100);
    stub.behave(({ operation, attempt }) =>
      operation === 'BatchWriteItem' && attempt > 2 ? 'cut' : 'forward',
    );
    const outcomes = await remove(idsOf(files));
    const left = new Set(await storedIds());
    expect(left.size).toBe(50);
    expect(outcomes).toEqual(files.map((file) => (left.has(file.file_id) ? unavailable : gone(file))));
  });

  it('counts as deleted what is gone though the answer was lost', async () => {
    const files = await create(5);
    stub.behave(({ operation, attempt }) =>
      operation === 'BatchWriteItem' && attempt === 1 ? 'forward-then-cut' : 'forward',
    );
    expect(await remove(idsOf(files))).toEqual(files.map(gone));
    expect(await storedIds()).toEqual([]);
  });

  it('deletes the audio first: where the record stays, the same request finishes', async () => {
    const { file, url } = await uploaded();
    stub.behave(({ operation }) => (operation === 'BatchWriteItem' ? 'cut' : 'forward'));
    expect(await remove([file.file_id])).toEqual([unavailable]);
    expect((await fetch(url)).status).toBe(404);
    stub.behave(() => 'forward');
    expect(await remove([file.file_id])).toEqual([gone(file)]);
  });

  it('keeps what has audio in the own folder while S3 is away, and deletes the others', async () => {
    const { file, url } = await uploaded();
    const named = await createAudioFile(app, ada, { s3_key: `audio_upload/${ada.userId}/named.m4a` });
    const [elsewhere] = (await create(1)) as [AudioFile];
    const cutOff = await startTestApp({ S3_ENDPOINT: CLOSED }, app);
    try {
      const ids = idsOf([file, elsewhere, named]);
      expect(await remove(ids, cutOff)).toEqual([unavailable, gone(elsewhere), unavailable]);
      expect(await storedIds()).toEqual(idsOf([file, named]).sort());
      expect((await fetch(url)).status).toBe(200);
      expect(await remove(ids)).toEqual([gone(file), unknown, gone(named)]);
    } finally {
      await cutOff.close();
    }
  });
});
