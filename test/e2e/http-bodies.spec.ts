import { randomUUID } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../support/accounts.js';
import { expectProblem } from '../support/problems.js';
import { type RawAnswer, sendRaw } from '../support/raw-request.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
/** 100 KB as body parsers count them. */
const LIMIT = 102_400;

const TOO_LARGE = {
  status: 413,
  detail: 'The request body is larger than 100 KB',
  instance: '/api/register',
};
const NOT_JSON = { status: 400, detail: 'The request body is not valid JSON', instance: '/api/register' };
const MALFORMED = { status: 400, detail: 'The request is malformed', instance: '/api/register' };
const WRONG_TYPE = {
  status: 415,
  detail: 'The request body must be JSON in UTF-8 with Content-Type: application/json',
  instance: '/api/register',
};

describe('request bodies', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  const registration = () => ({ email: `${randomUUID()}@example.com`, password: 'correct horse battery' });
  /** A registration that is `bytes` long as JSON. */
  const padded = (bytes: number) => {
    const empty = JSON.stringify({ ...registration(), padding: '' });
    return empty.replace(/""\}$/, `"${'x'.repeat(bytes - empty.length)}"}`);
  };
  const post = (body: Buffer | string | (Buffer | string)[], headers: Record<string, string> = JSON_TYPE) =>
    sendRaw(app, 'POST', '/api/register', { body, headers });
  const expectCreated = ({ status, body }: RawAnswer) => {
    expect(body).toMatchObject({ user_id: expect.any(String) });
    expect(status).toBe(201);
  };

  describe('by their size', () => {
    it('are read up to 100 KB', async () => {
      const body = padded(LIMIT);
      expect(Buffer.byteLength(body)).toBe(LIMIT);

      expectCreated(await post(body));
    });

    it('are refused with 413 from the first byte beyond, whether their length is told or not', async () => {
      expectProblem(await post(padded(LIMIT + 1)), TOO_LARGE);
      const body = padded(LIMIT + 1);
      expectProblem(await post([body.slice(0, LIMIT), body.slice(LIMIT)]), TOO_LARGE);
    });

    it('are refused with 413 when they are large once decompressed', async () => {
      const bomb = gzipSync(padded(5 * LIMIT));
      expect(bomb.length).toBeLessThan(LIMIT);

      expectProblem(await post(bomb, { ...JSON_TYPE, 'Content-Encoding': 'gzip' }), TOO_LARGE);
    });
  });

  describe('by their type', () => {
    it.each([
      'application/json',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'Application/JSON',
    ])('are read as %s', async (type) => {
      expectCreated(await post(JSON.stringify(registration()), { 'Content-Type': type }));
    });

    it.each([
      ['text/plain', JSON.stringify({ email: 'a@example.com', password: 'correct horse battery' })],
      ['application/x-www-form-urlencoded', 'email=a%40example.com&password=correct+horse'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na\r\n--x--',
      ],
      ['application/xml', '<email>a@example.com</email>'],
      ['application/jsonp', '{}'],
      ['application/json; charset=iso-8859-1', '{}'],
      ['application/json; charset=utf-16', Buffer.from('{}', 'utf16le')],
      ['json', '{}'],
    ])('are refused with 415 as %s', async (type, body) => {
      expectProblem(await post(body, { 'Content-Type': type }), WRONG_TYPE);
    });

    it('are refused with 415 without a type, in one piece or in chunks', async () => {
      const body = JSON.stringify(registration());

      expectProblem(await post(body, {}), WRONG_TYPE);
      expectProblem(await post([body.slice(0, 5), body.slice(5)], {}), WRONG_TYPE);
    });

    it('need no type when they are empty, as Content-Length: 0 says', async () => {
      const { authorization } = await registerAccount(app);
      const headers = { ...authorization, 'Content-Length': '0' };

      const { status, body } = await sendRaw(app, 'GET', '/api/user/audio-files', { headers });

      expect(body).toEqual([]);
      expect(status).toBe(200);
    });
  });

  describe('by their encoding', () => {
    it.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ])('are read from %s', async (encoding, encode) => {
      const body = encode(JSON.stringify(registration()));

      expectCreated(await post(body, { ...JSON_TYPE, 'Content-Encoding': encoding }));
    });

    it.each([
      ['no gzip', Buffer.from(JSON.stringify({ email: 'a@example.com' }))],
      ['cut short', gzipSync('{"email":"a@example.com"}').subarray(0, 20)],
      ['broken', Buffer.concat([gzipSync('{}').subarray(0, 10), Buffer.alloc(20, 0xff)])],
    ])('are refused with 400 when they are said to be gzip and are %s', async (_, body) => {
      expectProblem(await post(body, { ...JSON_TYPE, 'Content-Encoding': 'gzip' }), MALFORMED);
    });

    it('are refused with 415 in an encoding that nobody knows', async () => {
      const answer = await post('{}', { ...JSON_TYPE, 'Content-Encoding': 'secret-sauce' });
      expectProblem(answer, WRONG_TYPE);
      expect(answer.headers['accept-encoding']).toBe('br, gzip, deflate');
    });

    it('are refused with 400 when they are not UTF-8, so that no two passwords become one', async () => {
      const [head, tail] = JSON.stringify({ ...registration(), password: '|' }).split('|');
      const body = Buffer.concat([Buffer.from(head ?? ''), Buffer.alloc(12, 0xff), Buffer.from(tail ?? '')]);

      const { status } = await post(body);

      expect(status).toBe(400);
    });
  });

  describe('by their content', () => {
    it.each([
      ['cut short', '{"email":"swordfish@example.com","password":"swordf'],
      ['with a comma too many', '{"password":"swordfish",}'],
      ['with single quotes', "{'password':'swordfish'}"],
      ['that is no JSON at all', 'swordfish'],
      ['of spaces', '   '],
      ['with an unescaped line break', '{"password":"sword\nfish"}'],
    ])('are refused with 400 when they are JSON %s, and nothing of them is repeated', async (_, body) => {
      const answer = await post(body);

      expectProblem(answer, NOT_JSON);
      expect(answer.text).not.toMatch(/sword|fish/);
    });

    it.each([
      ['an array', JSON.stringify([registration()])],
      ['a string', '"swordfish"'],
      ['null', 'null'],
      ['a number', '1'],
    ])('are refused with 400 when they are %s', async (_, body) => {
      expectProblem(await post(body), {
        status: 400,
        detail: 'The request body must be a JSON object',
        instance: '/api/register',
        errors: [{ field: 'body', message: 'The request body must be a JSON object' }],
      });
    });

    it('may hold fields that nobody knows, also hostile ones', async () => {
      const rest = JSON.stringify(registration()).slice(1);

      expectCreated(await post(`{"__proto__":{"email":1},"constructor":{"prototype":{"a":1}},${rest}`));
    });

    it('are no defect of ours when they are very deep', async () => {
      const deep = '['.repeat(20_000) + ']'.repeat(20_000);

      const { status } = await post(JSON.stringify(registration()).replace('{', `{"unknown":${deep},`));

      // Ignored as any unknown field, or refused.
      expect([201, 400]).toContain(status);
    });

    it('cannot bring fields in by way of the prototype', async () => {
      const { email, password } = registration();

      const { status, body } = await post(`{"__proto__":{"email":"${email}","password":"${password}"}}`);

      expect(body).toMatchObject({ status: 400, detail: 'email is required' });
      expect(status).toBe(400);
    });
  });
});
