import { describe, expect, it } from '@jest/globals';
import type { HttpEvent } from '../../scripts/lambda/event.js';
import { json, raw, serve } from './support/emulator.js';

/** The event that the function got for a request that is sent as it is. */
async function eventFor(
  request: string,
  front: 'function-url' | 'http-api' = 'function-url',
): Promise<HttpEvent> {
  const { url } = await serve({ front });
  const answer = await raw(url, request);
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as HttpEvent;
}

const CLOSE = 'Host: abc.example.com\r\nConnection: close\r\n';

describe('the event of a request', () => {
  it('is that of a Function URL, without what the request has not', async () => {
    const before = Date.now();
    const event = await eventFor(`GET /event HTTP/1.1\r\n${CLOSE}User-Agent: test\r\n\r\n`);
    const { requestId, time, timeEpoch } = event.requestContext;
    expect(event).toEqual({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/event',
      rawQueryString: '',
      headers: {
        host: 'abc.example.com',
        'user-agent': 'test',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
      },
      requestContext: {
        accountId: 'anonymous',
        apiId: 'emulator',
        domainName: 'abc.example.com',
        domainPrefix: 'abc',
        http: {
          method: 'GET',
          path: '/event',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        routeKey: '$default',
        stage: '$default',
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
        timeEpoch: expect.any(Number),
      },
      isBase64Encoded: false,
    });
    expect(requestId).toHaveLength(36);
    expect(timeEpoch).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time.replace(':', ' ').replaceAll('/', ' '))).toBe(Math.trunc(timeEpoch / 1000) * 1000);
  });

  it('of an HTTP API differs in account, request id and length', async () => {
    const event = await eventFor(`GET /event HTTP/1.1\r\n${CLOSE}\r\n`, 'http-api');
    expect(event.requestContext.accountId).toBe('123456789012');
    expect(event.requestContext.requestId).toMatch(/^[A-Za-z0-9+/]{15}=$/);
    expect(event.headers['content-length']).toBe('0');
  });

  it('has duplicates joined by commas, cookies apart, and nothing of the connection', async () => {
    const event = await eventFor(
      `GET /event?a=1&b=%C3%A4+x&a=2&c HTTP/1.1\r\nHost: abc.example.com\r\nConnection: close, X-Hop\r\n` +
        'X-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nX-Two: 1\r\nx-two: 2\r\n' +
        'Cookie: a=1; b=2\r\nCookie: c=3\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n',
    );
    expect(event.rawQueryString).toBe('a=1&b=%C3%A4+x&a=2&c');
    expect(event.queryStringParameters).toEqual({ a: '1,2', b: 'ä x', c: '' });
    expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3']);
    expect(event.headers).toEqual({
      'x-amzn-trace-id': expect.any(String),
      host: 'abc.example.com',
      'x-two': '1,2',
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    });
  });

  it.each([
    ['function-url', '/a%2Fb%3Fc%20d%C3%A4', '/a%2Fb%3Fc%20d%C3%A4'],
    ['http-api', '/a%2Fb%20d%C3%A4', '/a/b dä'],
    ['http-api', '/a%3Fb', '/a'],
    ['http-api', '/a%ZZ', '/a%ZZ'],
    ['function-url', '/a//../b', '/a//../b'],
  ] as const)('of the %s has for the path %s the raw path %s', async (front, path, rawPath) => {
    const event = await eventFor(`GET ${path}?q=%20 HTTP/1.1\r\n${CLOSE}\r\n`, front);
    expect(event.rawPath).toBe(rawPath);
    expect(event.requestContext.http.path).toBe(rawPath);
    expect(event.rawQueryString).toBe('q=%20');
  });

  it.each([
    ['application/json', '{"a":"ä"}', false],
    ['text/plain; charset=utf-8', 'ä', false],
    ['Application/XML', '<a/>', false],
    ['application/javascript', '1', false],
    ['application/merge-patch+json', '{}', true],
    ['application/x-www-form-urlencoded', 'a=1', true],
    ['application/octet-stream', 'a', true],
    [undefined, 'a', true],
  ])('with a body of type %s is %s and in base64: %s', async (type, body, isBase64Encoded) => {
    const { url } = await serve();
    const event = await json<HttpEvent>(`${url}/event`, {
      method: 'POST',
      body: new Blob([body]),
      ...(type !== undefined && { headers: { 'Content-Type': type } }),
    });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe(body);
    expect(event.headers['content-length']).toBe(String(Buffer.byteLength(body)));
  });

  it('has bytes that are no UTF-8 in base64, whatever their type says', async () => {
    const { url } = await serve();
    const event = await json<HttpEvent>(`${url}/event`, {
      method: 'POST',
      body: Buffer.from([0, 255, 1]),
      headers: { 'Content-Type': 'application/json' },
    });
    expect(event).toMatchObject({ isBase64Encoded: true, body: 'AP8B' });
  });

  it('has the length of a body that came in chunks', async () => {
    const event = await eventFor(
      `POST /event HTTP/1.1\r\n${CLOSE}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n`,
    );
    expect(event.body).toBe('abc');
    expect(event.headers['content-length']).toBe('3');
    expect(event.headers['transfer-encoding']).toBeUndefined();
  });

  it.each(['HEAD', 'OPTIONS', 'PATCH', 'DELETE'])(
    'has the method %s, which no gateway answers itself',
    async (method) => {
      const { url, lines } = await serve();
      const response = await fetch(`${url}/method`, { method });
      expect(response.status).toBe(200);
      expect(lines.some((line) => line.startsWith('START'))).toBe(true);
      const body = await response.text();
      if (method === 'HEAD') expect(body).toBe('');
      else expect((JSON.parse(body) as HttpEvent).requestContext.http.method).toBe(method);
    },
  );
});
