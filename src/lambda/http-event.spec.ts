import { describe, expect, it } from '@jest/globals';
import { requestOf, UnreadableEventError } from './http-event.js';

const EVENT = {
  version: '2.0',
  rawPath: '/api/login',
  rawQueryString: '',
  headers: { host: 'abc.lambda-url.us-east-1.on.aws', 'x-forwarded-for': '192.0.2.1' },
  requestContext: {
    domainName: 'abc.lambda-url.us-east-1.on.aws',
    http: { method: 'POST', sourceIp: '192.0.2.1' },
  },
  isBase64Encoded: false,
};
const HTTP_API = { ...EVENT.requestContext, domainName: 'abc.execute-api.us-east-1.amazonaws.com' };

describe('requestOf', () => {
  it('reads method, path, query, headers, body and address', () => {
    const request = requestOf({ ...EVENT, rawQueryString: 'a=1&a=2&b=%20', body: '{"a":"ä"}' });
    expect(request).toEqual({
      method: 'POST',
      path: '/api/login?a=1&a=2&b=%20',
      headers: { host: 'abc.lambda-url.us-east-1.on.aws' },
      body: Buffer.from('{"a":"ä"}'),
      sourceIp: '192.0.2.1',
    });
  });

  it('reads bytes that come in base64', () => {
    const bytes = Buffer.from([0, 255, 10, 13]);
    const { body } = requestOf({ ...EVENT, body: bytes.toString('base64'), isBase64Encoded: true });
    expect(body).toEqual(bytes);
  });

  it.each(['a', 'ab=c', 'ab cd===', 'ä'.repeat(4), '=', '===='])('refuses %j as base64', (body) => {
    expect(() => requestOf({ ...EVENT, body, isBase64Encoded: true })).toThrow(UnreadableEventError);
  });

  it.each([undefined, '', null])('has no body where the event has %j', (body) => {
    expect(requestOf({ ...EVENT, body }).body).toBeUndefined();
  });

  it.each([
    ['10.0.0.9, 192.0.2.1', '10.0.0.9'],
    ['203.0.113.5, 198.51.100.2,192.0.2.1', '203.0.113.5, 198.51.100.2'],
    ['192.0.2.1', undefined],
    ['', undefined],
    // A gateway that adds nothing.
    ['203.0.113.5', '203.0.113.5'],
  ])('makes X-Forwarded-For %j what proxies before the gateway wrote', (value, expected) => {
    const { headers } = requestOf({ ...EVENT, headers: { 'X-Forwarded-For': value } });
    expect(headers['x-forwarded-for']).toBe(expected);
  });

  it('leaves out what belongs to the connection, and joins cookies', () => {
    const headers = {
      ...{ Connection: 'keep-alive', 'content-length': '3', Expect: '100-continue', TE: 'trailers' },
      ...{ 'Transfer-Encoding': 'chunked', Upgrade: 'h2c', Accept: '*/*' },
    };
    expect(requestOf({ ...EVENT, headers, cookies: ['a=1', 'b=2'] }).headers).toEqual({
      accept: '*/*',
      cookie: 'a=1; b=2',
    });
  });

  it('leaves the path of a function URL as it was sent, and encodes what must not be in one', () => {
    const rawPath = '/api/audio-file/ä b"\n%2F%zz#?';
    const { path } = requestOf({ ...EVENT, rawPath, rawQueryString: 'q=ö|#?' });
    expect(path).toBe('/api/audio-file/%C3%A4%20b%22%0A%2F%zz%23%3F?q=%C3%B6%7C%23?');
  });

  it('encodes the path that an HTTP API has decoded', () => {
    const pathOf = (rawPath: string) => requestOf({ ...EVENT, rawPath, requestContext: HTTP_API }).path;
    expect(pathOf('/api/audio-file/50%')).toBe('/api/audio-file/50%25');
    expect(pathOf('/api/audio-file/1#/download?url')).toBe('/api/audio-file/1%23/download%3Furl');
    expect(pathOf('/api/audio-file/ä %41')).toBe('/api/audio-file/%C3%A4%20%2541');
    expect(pathOf('/api/audio-file/A-z_0.9~')).toBe('/api/audio-file/A-z_0.9~');
  });

  it.each([EVENT.requestContext, HTTP_API])('takes halves of characters for characters', (requestContext) => {
    const event = { ...EVENT, requestContext, rawPath: '/a\ud800', rawQueryString: 'q=\udc00\u{1f600}' };
    expect(requestOf(event).path).toBe('/a%EF%BF%BD?q=%EF%BF%BD%F0%9F%98%80');
  });

  it('takes null for nothing', () => {
    const http = { method: 'GET', sourceIp: null };
    const nothing = { headers: null, cookies: null, body: null, rawQueryString: null };
    expect(requestOf({ ...EVENT, ...nothing, requestContext: { domainName: null, http } })).toEqual({
      ...{ method: 'GET', path: '/api/login', headers: {}, body: undefined, sourceIp: '' },
    });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'GET /'],
    ['an empty object', {}],
    ['S3', { Records: [{ eventSource: 'aws:s3' }] }],
    ['SQS', { Records: [{ eventSource: 'aws:sqs', body: '{}' }] }],
    ['a schedule', { source: 'aws.events', 'detail-type': 'Scheduled Event' }],
    ['a REST API', { version: '1.0', path: '/', httpMethod: 'GET', requestContext: {} }],
    ['a path that is none', { ...EVENT, rawPath: 'api' }],
    ['no method', { ...EVENT, requestContext: { http: {} } }],
    ['no context', { ...EVENT, requestContext: null }],
    ['a header that is no text', { ...EVENT, headers: { a: ['b'] } }],
    ['a body that is no text', { ...EVENT, body: {} }],
    ['an address that is no text', { ...EVENT, requestContext: { http: { method: 'GET', sourceIp: 1 } } }],
  ])('refuses %s', (_what, event) => {
    expect(() => requestOf(event)).toThrow(UnreadableEventError);
  });
});
