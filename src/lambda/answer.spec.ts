import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { buffered, headersOf, problem } from './answer.js';

const LIMIT = 6 * 1024 * 1024;

function answer(...chunks: (string | Buffer)[]) {
  const headers = { 'x-request-id': 'r1', 'content-type': 'text/plain', etag: '"1"', 'x-own': 'kept' };
  return {
    ...{ statusCode: 200, headers },
    body: Readable.from(chunks.map((chunk) => Buffer.from(chunk as string))),
  };
}

describe('buffered', () => {
  it('gives text as text, also where a character is cut between two chunks', async () => {
    const [first, second] = [Buffer.from('ä').subarray(0, 1), Buffer.from('ä').subarray(1)];
    const whole = await buffered(answer(first, second), '/');
    expect(whole).toMatchObject({ statusCode: 200, body: 'ä', isBase64Encoded: false });
  });

  it('gives bytes as base64', async () => {
    const whole = await buffered(answer(Buffer.from([0, 255, 1])), '/');
    expect(whole).toMatchObject({ body: 'AP8B', isBase64Encoded: true });
  });

  it.each([
    ['text', 'x'.repeat(LIMIT + 1)],
    ['text that JSON makes longer', '"'.repeat(LIMIT / 2)],
    ['bytes that base64 makes longer', Buffer.alloc(LIMIT * 0.8, 255)],
  ])('makes a problem of too much %s', async (_what, body) => {
    const whole = await buffered(answer(body), '/api/user/export');
    expect(whole.statusCode).toBe(501);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-request-id': 'r1',
      'x-own': 'kept',
    });
    expect(whole.headers).not.toHaveProperty('etag');
    const { detail, ...rest } = JSON.parse(whole.body) as Record<string, unknown>;
    expect(rest).toMatchObject({ status: 501, instance: '/api/user/export', request_id: 'r1' });
    expect(detail).toMatch(/6 MB.*streams/);
  });

  it('sends as much as there may be', async () => {
    const whole = await buffered(answer('x'.repeat(LIMIT - 300)), '/');
    expect(whole.statusCode).toBe(200);
    expect(Buffer.byteLength(JSON.stringify(whole))).toBeLessThanOrEqual(LIMIT);
  });

  it('does not read on when it is too much', async () => {
    let chunks = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          chunks++;
          yield Buffer.alloc(1_000_000, 'x');
        }
      })(),
    );
    expect((await buffered({ ...answer(), body: endless }, '/')).statusCode).toBe(501);
    expect(chunks).toBeLessThan(40);
    expect(endless.destroyed).toBe(true);
  });
});

describe('headersOf', () => {
  it('leaves out what the gateway writes itself, and joins several values', () => {
    expect(
      headersOf({
        ...{ connection: 'keep-alive', 'keep-alive': 'timeout=5', 'transfer-encoding': 'chunked' },
        ...{ date: 'today', 'content-length': '3', vary: ['Origin', 'Accept-Encoding'], link: undefined },
      }),
    ).toEqual({ vary: 'Origin, Accept-Encoding' });
  });
});

describe('problem', () => {
  it('makes an id of its own where there is none', () => {
    const { headers, body } = problem(400, 'No', '/');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(body)).toEqual({
      ...{ type: 'about:blank', title: 'Bad Request', status: 400, detail: 'No', instance: '/' },
      request_id: headers['x-request-id'],
    });
  });
});
