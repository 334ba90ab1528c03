import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount, signIn } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { findLogLine } from '../support/log-lines.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { olderToken, putOlderUser } from '../support/older-backend.js';
import { expectProblem } from '../support/problems.js';
import { exportOf } from '../support/receipts.js';
import { putRows } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/export';
const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

describe('GET /api/user/export', () => {
  let stub: DatabaseStub;
  let app: TestApp;

  beforeAll(async () => {
    adoptNativeErrors();
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
  });

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  const ask = ({ authorization }: Pick<Account, 'authorization'>) => app.http.get(PATH).set(authorization);

  /** Records of the owner, oldest first, as they are to be seen. */
  async function putRecords(userId: string, count: number): Promise<Record<string, unknown>[]> {
    const records = Array.from({ length: count }, (_, i) => ({
      ...{ file_id: randomUUID(), user_id: userId, s3_key: `recordings/${i} "ü".m4a`, file_size: i },
    }));
    const uploadedAt = (i: number) => 1_758_762_381 + i;
    await putRows(
      app,
      app.config.tables.audioFiles,
      records.map((record, i) => ({
        ...record,
        ...{ uploaded_at: uploadedAt(i), uploaded_at_iso: '1999-12-31T00:00:00.5', recorded_at: 0 },
      })),
    );
    return records.map((record, i) => ({
      ...recordBody(record),
      uploaded_at: new Date(uploadedAt(i) * 1000).toISOString().replace('.000', ''),
      recorded_at: '1970-01-01T00:00:00Z',
      object_kept: false,
    }));
  }

  it('gives everything held about the caller as one document, and nothing of anybody else', async () => {
    const stranger = await registerAccount(app);
    await createAudioFile(app, stranger, { s3_key: 'strangers.m4a' });
    const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    const { body: registered } = await app.http.post('/api/register').send(credentials).expect(201);
    const { key_salt, user } = registered as { key_salt: string; user: { user_id: string } };
    const account = await signIn(app, credentials, 'Recorder/2.1 (Linux)');
    const first = await createAudioFile(app, account);
    const second = await createAudioFile(app, account, {
      s3_key: `audio_upload/${account.userId}/monday.m4a`,
      file_size: undefined,
      recorded_at: undefined,
      ...{ title: 'Monday', tags: ['a', 'b'], duration_seconds: 1.5, content_type: 'audio/mp4' },
    });

    const { body } = await ask(account).expect(200);

    const session = {
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created_at: INSTANT,
      last_used_at: INSTANT,
    };
    const document = body as { sessions: object[]; audio_files: object[] };
    expect({
      ...document,
      sessions: new Set(document.sessions),
      audio_files: new Set(document.audio_files),
    }).toEqual(
      exportOf(app, {
        user: { ...user, key_salt },
        sessions: new Set([
          { ...session, device: 'Recorder 2.1 on Linux', current: true },
          { ...session, device: 'Unknown device', current: false },
        ]),
        audio_files: new Set([
          { ...first, object_kept: false },
          { ...second, object_kept: true },
        ]),
      }),
    );
  });

  it('is a JSON file to be saved, which no cache keeps', async () => {
    const account = await registerAccount(app);
    const { headers } = await ask(account).expect(200);
    expect(headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'content-disposition': 'attachment; filename="export.json"',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it('gives 120 records, which are several pages, oldest first', async () => {
    const account = await registerAccount(app);
    const records = await putRecords(account.userId, 120);
    stub.behave(() => 'forward');
    const { body } = await ask(account).expect(200);
    expect((body as { audio_files: unknown }).audio_files).toEqual(records);
    expect(stub.calls.filter((operation) => operation === 'Query').length).toBeGreaterThanOrEqual(4);
  });

  it('holds no hash, no token and no key of the table', async () => {
    const account = await registerAccount(app);
    await app.http
      .put('/api/user/password')
      .set(account.authorization)
      .send({ current_password: account.password, new_password: 'staple battery horse' })
      .expect(200);
    await createAudioFile(app, account);
    const { text } = await ask(account).expect(200);
    expect(text).not.toMatch(
      /argon2|password|hash|\$m=|generation|kept_sign_in|tokens_valid_from|_iso|email#/i,
    );
    expect(text).not.toContain(account.token.split('.')[2]);
  });

  it('gives an account of the older backend, which has no session', async () => {
    const older = await putOlderUser(app);
    const records = await putRecords(older.user_id, 1);
    const { body } = await ask({ authorization: olderToken(app, older.user_id) }).expect(200);
    expect(body).toEqual(
      exportOf(app, {
        user: {
          user_id: older.user_id,
          email: older.email,
          created_at: '2025-09-25T01:06:21Z',
          key_salt: Buffer.from(older.key_salt, 'base64').toString('hex'),
        },
        sessions: [],
        audio_files: records,
      }),
    );
  });

  it('is a 503 where the database is away from the start', async () => {
    const account = await registerAccount(app);
    await ask(account).expect(200);
    stub.behave(() => 'cut');
    const answer = await ask(account);
    const detail = 'The service is temporarily unavailable';
    expectProblem(answer, { status: 503, detail, instance: PATH });
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(answer.headers).not.toHaveProperty('content-disposition');
    stub.behave(() => 'forward');
  });

  it.each([1, 2])(
    'is cut off, and no JSON, where the database goes away after %i of three pages',
    async (pages) => {
      const account = await registerAccount(app);
      await putRecords(account.userId, 120);
      await ask(account).expect(200);
      const requestId = randomUUID();
      // The first query is that of the sessions.
      stub.behave(({ operation, attempt }) =>
        operation === 'Query' && attempt > 1 + pages ? 'cut' : 'forward',
      );

      const received = await receive(app.url + PATH, { ...account.authorization, 'X-Request-Id': requestId });

      stub.behave(() => 'forward');
      expect(received.status).toBe(200);
      expect(received.complete).toBe(false);
      expect(received.text.match(/"file_id"/g)?.length ?? 0).toBeLessThanOrEqual(pages * 50);
      expect(() => void JSON.parse(received.text)).toThrow(SyntaxError);
      const line = await findLogLine(
        app,
        ({ msg, request_id }) => msg === 'request' && request_id === requestId,
      );
      expect(line).toMatchObject({ aborted: true, user_id: account.userId });
      await ask(account).expect(200);
    },
  );
});

/** What of an answer arrives until it ends or breaks off. */
async function receive(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string; complete: boolean }> {
  const response = await fetch(url, { headers });
  let text = '';
  try {
    for await (const piece of response.body ?? []) text += Buffer.from(piece as Uint8Array).toString();
    return { status: response.status, text, complete: true };
  } catch {
    return { status: response.status, text, complete: false };
  }
}
