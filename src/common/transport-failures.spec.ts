import { describe, expect, it } from '@jest/globals';
import { DeadlineError } from './deadline.js';
import { isTransportFailure } from './transport-failures.js';

const named = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more });
const syntaxError = (more: object) => Object.assign(new SyntaxError('<'), more);

describe('isTransportFailure', () => {
  it.each([
    ['CredentialsProviderError'],
    ['ExpiredTokenException'],
    ['ExpiredToken'],
    ['TimeoutError'],
    ['RequestTimeout'],
    ['AbortError'],
  ])('holds for %s, whatever status came with it', (name) => {
    expect(isTransportFailure(named(name))).toBe(true);
    expect(isTransportFailure(named(name, { $metadata: { httpStatusCode: 400 } }))).toBe(true);
  });

  it.each([
    ['ECONNREFUSED'],
    ['ECONNRESET'],
    ['ENOTFOUND'],
    ['EAI_AGAIN'],
    ['EPIPE'],
    ['ETIMEDOUT'],
    ['UND_ERR_SOCKET'],
    ['UND_ERR_CONNECT_TIMEOUT'],
    ['UND_ERR_HEADERS_TIMEOUT'],
  ])('holds for the network failing with %s', (code) => {
    expect(isTransportFailure(named('Error', { code }))).toBe(true);
  });

  it.each([
    ['the deadline', new DeadlineError('the database', 300)],
    ['a 500 of an unknown name', named('UnknownError', { $metadata: { httpStatusCode: 500 } })],
    ['a 503 of S3', named('SlowDown', { $metadata: { httpStatusCode: 503 } })],
    ['a 503 in the raw response', named('Error', { $response: { statusCode: 503 } })],
    ['a page where an answer was due', syntaxError({ $metadata: { httpStatusCode: 200 } })],
    ['a page of a redirect', syntaxError({ $response: { statusCode: 302 } })],
  ])('holds for %s', (_case, error) => {
    expect(isTransportFailure(error)).toBe(true);
  });

  it.each([
    ['a refusal', named('AccessDenied', { $metadata: { httpStatusCode: 403 } })],
    ['a failed condition', named('ConditionalCheckFailedException', { $metadata: { httpStatusCode: 400 } })],
    ['what is not there', named('NotFound', { $metadata: { httpStatusCode: 404 } })],
    ['a page that refuses', syntaxError({ $response: { statusCode: 400 } })],
    ['a syntax error of our own', new SyntaxError('JSON')],
    ['a type error of our own', new TypeError('undefined is not a function')],
    ['an error of Node about an argument', named('TypeError', { code: 'ERR_INVALID_ARG_TYPE' })],
    ['a code that is a number', named('Error', { code: 20 })],
    ['a code in small letters', named('Error', { code: 'econnreset' })],
    ['what only looks like an error', { name: 'TimeoutError', code: 'ECONNRESET' }],
    ['a text', 'TimeoutError'],
    ['nothing', undefined],
  ])('does not hold for %s', (_case, error) => {
    expect(isTransportFailure(error)).toBe(false);
  });
});
