import { randomBytes, randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import { type DatabaseStub, startDatabaseStub } from '../support/database-stub.js';
import { putRows } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const LIST = '/api/user/audio-files';
const EXPORT = '/api/user/export';
const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync } as const;
const CODINGS = ['br', 'gzip'] as const;

interface Received {
  status: number;
  headers: IncomingMessage['headers'];
  bytes: Buffer;
}

describe('compression', () => {
  let stub: DatabaseStub;
  let app: TestApp;
  let ada: Account;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    app = await startTestApp({ DYNAMODB_ENDPOINT: stub.endpoint });
    ada = await registerAccount(app);
    await store(ada, 120, () => ({}));
  });

  beforeEach(() => stub.behave(() => 'forward'));

  afterAll(async () => {
    await app.close();
    await stub.close();
  });

  /** Records of the owner, with more of each. */
  const store = async ({ userId }: Account, count: number, more: () => object) =>
    putRows(
      app,
      app.config.tables.audioFiles,
      Array.from({ length: count }, (_, n) => ({
        ...{ file_id: randomUUID(), user_id: userId, s3_key: `recordings/${n}.m4a`, file_size: n },
        ...{ uploaded_at: 1_758_762_381 + n, uploaded_at_iso: '1999-12-31T00:00:00.5', ...more() },
      })),
    );

  /** Asks as no library does: which codings are taken, and that nothing is decoded. */
  async function ask(
    path: string,
    acceptEncoding?: string,
    { method = 'GET', body, account = ada }: { method?: string; body?: object; account?: Account } = {},
  ): Promise<Received> {
    const headers = {
      ...account.authorization,
      ...(acceptEncoding !== undefined && { 'Accept-Encoding': acceptEncoding }),
      ...(body && { 'Content-Type': 'application/json' }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(app.url + path, { method, headers, agent: false }, (answer) => {
        buffer(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes }),
          reject,
        );
      });
      outgoing.once('error', reject).end(body && JSON.stringify(body));
    });
  }

  const fileIds = async () =>
    (JSON.parse(String((await ask(`${LIST}?limit=100`)).bytes)) as { file_id: string }[]).map(
      ({ file_id }) => file_id,
    );

  it.each(CODINGS)('of a list by %s gives the same in a fifth of the bytes', async (coding) => {
    const plain = await ask(`${LIST}?limit=100`);
    const answer = await ask(`${LIST}?limit=100`, coding);
    expect(answer.headers).toMatchObject({
      'content-encoding': coding,
      'content-type': plain.headers['content-type'],
      'content-length': String(answer.bytes.length),
      link: plain.headers['link'],
      vary: expect.stringMatching(/\bAccept-Encoding\b/),
    });
    expect(String(DECODERS[coding](answer.bytes))).toBe(String(plain.bytes));
    expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 5);
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.headers['vary']).toMatch(/\bAccept-Encoding\b/);
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['*', 'br'],
    ['GZIP', 'gzip'],
    ['', undefined],
    ['identity', undefined],
    ['deflate, zstd', undefined],
    ['gzip;q=0, br;q=0', undefined],
    ['*;q=0', undefined],
  ])('is by what the client takes: %j', async (accepted, coding) => {
    const { headers, status } = await ask(LIST, accepted);
    expect([status, headers['content-encoding']]).toEqual([200, coding]);
  });

  it('leaves alone what is short, and what is an error', async () => {
    const short = await ask(`${LIST}?limit=2`, 'br');
    expect(JSON.parse(String(short.bytes))).toHaveLength(2);
    const error = await ask(`${LIST}?limit=0&q=${'x'.repeat(2000)}`, 'br');
    expect(error).toMatchObject({ status: 400, headers: { 'content-type': 'application/problem+json' } });
    for (const { headers } of [short, error]) expect(headers).not.toHaveProperty('content-encoding');
  });

  it('of batches gives the same', async () => {
    const body = { file_ids: await fileIds() };
    const path = '/api/user/audio-files/batch-get';
    const plain = await ask(path, undefined, { method: 'POST', body });
    const answer = await ask(path, 'br', { method: 'POST', body });
    expect(answer.headers['content-encoding']).toBe('br');
    expect(String(brotliDecompressSync(answer.bytes))).toBe(String(plain.bytes));
  });

  it.each(CODINGS)('of an export by %s gives the same, and HEAD the same headers', async (coding) => {
    const plain = await ask(EXPORT);
    const answer = await ask(EXPORT, coding);
    const { headers } = answer;
    expect(headers).toMatchObject({
      'content-encoding': coding,
      'content-type': 'application/json',
      'content-disposition': 'attachment; filename="export.json"',
      'cache-control': 'no-store',
      vary: expect.stringMatching(/\bAccept-Encoding\b/),
    });
    expect(String(DECODERS[coding](answer.bytes))).toBe(String(plain.bytes));
    expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 4);
    for (const path of [EXPORT, LIST]) {
      const [get, head] = [await ask(path, coding), await ask(path, coding, { method: 'HEAD' })];
      expect(head.bytes).toHaveLength(0);
      for (const name of ['content-encoding', 'content-type', 'content-length', 'vary', 'cache-control']) {
        expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
      }
    }
  });

  it.each(CODINGS)('is no whole export by %s where the database goes away in between', async (coding) => {
    stub.behave(({ operation, attempt }) => (operation === 'Query' && attempt > 2 ? 'cut' : 'forward'));
    await expect(ask(EXPORT, coding)).rejects.toThrow();
  });

  it('never touches an answer with a token or a signed URL, however long', async () => {
    const items = Array.from({ length: 20 }, () => ({ content_type: 'audio/wav', file_size: 5 }));
    const sessions = await Promise.all(
      Array.from({ length: 30 }, async () =>
        ask('/api/login', 'br, gzip', { method: 'POST', body: credentials() }),
      ),
    );
    const answers = [
      ...sessions,
      await ask('/api/user/audio-files/batch-create', 'br, gzip', { method: 'POST', body: { items } }),
      await ask('/api/token/renew', 'br, gzip', { method: 'POST' }),
      await ask('/api/audio-file', 'br, gzip', { method: 'POST', body: items[0] as object }),
      await ask(`/api/presigned-url?key=audio_upload/${ada.userId}/a.m4a`, 'br, gzip'),
      await ask('/api/user/sessions', 'br, gzip'),
      await ask('/api/user', 'br, gzip'),
    ];
    for (const { status, headers } of answers) {
      expect([200, 201]).toContain(status);
      expect(headers).not.toHaveProperty('content-encoding');
      expect(headers['cache-control']).toBe('no-store');
    }
    const { bytes } = answers.at(sessions.length) as Received;
    expect(bytes.length).toBeGreaterThan(10_000);
  });

  const credentials = () => ({ email: ada.email, password: ada.password });

  it.each(CODINGS)(
    'reads an export by %s no faster than the client does, and no further than it stays',
    async (coding) => {
      const eve = await registerAccount(app);
      // Nothing that could be compressed, and more than the buffers of a connection take.
      await store(eve, 200, () => ({ title: randomBytes(45_000).toString('base64') }));
      const queries = () => stub.calls.filter((operation) => operation === 'Query').length;
      stub.behave(() => 'forward');
      const outgoing = request(app.url + EXPORT, {
        headers: { ...eve.authorization, 'Accept-Encoding': coding },
        agent: false,
      }).end();
      const answer = await new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
      let asked = -1;
      while (queries() > asked) {
        asked = queries();
        await sleep(500);
      }
      answer.destroy();
      await sleep(500);
      expect(queries()).toBeLessThanOrEqual(asked + 1);
      stub.behave(() => 'forward');
      const again = await ask(EXPORT, coding, { account: eve });
      const document = JSON.parse(String(DECODERS[coding](again.bytes))) as { audio_files: unknown[] };
      expect(document.audio_files).toHaveLength(200);
      expect(asked).toBeLessThan(queries());
    },
  );
});
