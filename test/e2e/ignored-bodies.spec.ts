import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createAudioFile, registerAccount } from '../support/accounts.js';
import { type DocumentedOperation, documentedOperations } from '../support/documented-paths.js';
import { sendRaw } from '../support/raw-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Node announces no body of a DELETE by itself. */
const TEXT = { 'Content-Type': 'text/plain', 'Content-Length': '4' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('operations', () => {
  let app: TestApp;
  let ada: Account;
  let operations: DocumentedOperation[];
  let withBody: Set<string>;
  const nameOf = ({ method, template }: DocumentedOperation) => `${method} ${template}`;

  beforeAll(async () => {
    app = await startTestApp();
    ada = await registerAccount(app);
    operations = await documentedOperations(app);
    const { body } = await app.http.get('/api/docs/openapi.json').expect(200);
    const { paths } = body as { paths: Record<string, Record<string, { requestBody?: unknown }>> };
    withBody = new Set(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods)
          .filter(([, { requestBody }]) => requestBody)
          .map(([method]) => `${method.toUpperCase()} ${path}`),
      ),
    );
    expect(withBody.size).toBeGreaterThanOrEqual(9);
  });

  afterAll(() => app.close());

  it.each<[string, { body: string | Buffer | string[]; headers?: Record<string, string> }]>([
    ['nothing in chunks', { body: [], headers: { 'Transfer-Encoding': 'chunked' } }],
    ['null as JSON', { body: 'null', headers: { ...JSON_TYPE, 'Content-Length': '4' } }],
    ['JSON that is none', { body: '{"a":', headers: { ...JSON_TYPE, 'Content-Length': '5' } }],
    ['a text', { body: 'text', headers: TEXT }],
    ['chunks without a type', { body: ['some', 'thing'], headers: { 'Transfer-Encoding': 'chunked' } }],
    [
      'what is no gzip',
      { body: gzipSync('{}').subarray(0, 9), headers: { 'Content-Encoding': 'gzip', 'Content-Length': '9' } },
    ],
  ])('without a body answer the same with %s as without', async (_, sent) => {
    for (const operation of operations.filter((one) => !withBody.has(nameOf(one)))) {
      const { method, path } = operation;
      // Without a token nothing changes from one request to the next.
      const plain = await sendRaw(app, method, path);
      const answer = await sendRaw(app, method, path, sent);
      expect([nameOf(operation), answer.status]).toEqual([nameOf(operation), plain.status]);
    }
    const { body } = await createAudioFile(app, ada).then(({ file_id }) =>
      sendRaw(app, 'DELETE', `/api/audio-file/${String(file_id)}`, {
        ...sent,
        headers: { ...ada.authorization, ...sent.headers },
      }),
    );
    expect(body).toEqual({ message: 'Audio file deleted successfully' });
  });

  it('with a body take JSON only', async () => {
    for (const operation of operations.filter((one) => withBody.has(nameOf(one)))) {
      const sent = { body: 'text', headers: { ...ada.authorization, ...TEXT } };
      const { status } = await sendRaw(app, operation.method, operation.path, sent);
      expect([nameOf(operation), status]).toEqual([nameOf(operation), 415]);
    }
  });
});
