import {
  type ArgumentsHost,
  BadGatewayException,
  BadRequestException,
  ForbiddenException,
  NotFoundException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import {
  AccessDeniedError,
  ConflictError,
  DomainError,
  InvalidCredentialsError,
  InvalidTokenError,
  NotAuthenticatedError,
  NotFoundError,
  TooManyRequestsError,
  UnavailableError,
  ValidationError,
  WrongPasswordError,
} from '../../errors/domain-errors.js';
import type { Logger } from '../../logging/logger.js';
import { DatabaseTime, runInRequest } from '../../request-context.js';
import { MethodNotAllowedError } from './fallback-routes.js';
import { ProblemFilter } from './problem.filter.js';
import type { Refusal, RefusalObserver } from './refusal-observer.js';

class TeapotError extends DomainError {}

/** Passes an error through the filter. Returns the response and the log lines. */
function filtered(error: unknown, { headersSent = false, url = '/api/thing' } = {}) {
  const logged: [level: string, fields: object, message: string][] = [];
  const log = (level: string) => (fields: object, message: string) =>
    void logged.push([level, fields, message]);
  const logger: Logger = { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug') };
  const answer = { status: 0, headers: {}, body: undefined as unknown, destroyed: false };
  const response = {
    headersSent,
    status: (status: number) => Object.assign(response, void (answer.status = status)),
    set: (headers: object) => Object.assign(response, void (answer.headers = headers)),
    send: (body: Buffer) => void (answer.body = JSON.parse(body.toString())),
    removeHeader: () => undefined,
    destroy: () => void (answer.destroyed = true),
  };
  const request = { originalUrl: url, route: { path: '/api/:thing' } };
  const http = { getRequest: () => request, getResponse: () => response };
  const host = { switchToHttp: () => http } as unknown as ArgumentsHost;
  const context = { requestId: 'r-1', address: '192.0.2.7', userId: 'u-1', databaseTime: new DatabaseTime() };
  const told: [kind: string, refusal: Refusal][] = [];
  const refusals: RefusalObserver = {
    accessDenied: (refusal) => void told.push(['access-denied', refusal]),
    rateLimited: (refusal) => void told.push(['rate-limited', refusal]),
  };
  const filter = new ProblemFilter(logger, refusals);
  runInRequest(context, () => filter.catch(error, host));
  return { ...answer, logged, told };
}

const JSON_TYPE = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' };
const body = (status: number, title: string, detail: string) => ({
  ...{ type: 'about:blank', title, status, detail, instance: '/api/thing', request_id: 'r-1' },
});
const defect = body(500, 'Internal Server Error', 'Something went wrong on our side');
const malformed = new BadRequestException('Unexpected token marker', { cause: new SyntaxError('marker') });

describe('ProblemFilter', () => {
  it.each([
    [new NotFoundError('Audio file not found'), body(404, 'Not Found', 'Audio file not found'), {}],
    [new ConflictError('User already exists'), body(409, 'Conflict', 'User already exists'), {}],
    [new WrongPasswordError(), body(403, 'Forbidden', 'Current password is incorrect'), {}],
    [
      new NotAuthenticatedError(),
      body(401, 'Unauthorized', 'Not authenticated'),
      { 'WWW-Authenticate': 'Bearer' },
    ],
    [
      new InvalidCredentialsError(),
      body(401, 'Unauthorized', 'Invalid email or password'),
      { 'WWW-Authenticate': 'Bearer' },
    ],
    [
      new MethodNotAllowedError('PUT', 'GET, HEAD, OPTIONS'),
      body(405, 'Method Not Allowed', 'PUT is not allowed here; allowed: GET, HEAD, OPTIONS'),
      { Allow: 'GET, HEAD, OPTIONS' },
    ],
    [malformed, body(400, 'Bad Request', 'The request body is not valid JSON'), {}],
    [new BadRequestException('marker'), body(400, 'Bad Request', 'The request is malformed'), {}],
    [new ForbiddenException('marker'), body(403, 'Forbidden', 'Forbidden'), {}],
    [new NotFoundException('marker'), body(404, 'Not Found', 'There is nothing at this path'), {}],
    [
      new PayloadTooLargeException('marker'),
      body(413, 'Payload Too Large', 'The request body is larger than 100 KB'),
      {},
    ],
    [
      new UnsupportedMediaTypeException('marker'),
      body(
        415,
        'Unsupported Media Type',
        'The request body must be JSON in UTF-8 with Content-Type: application/json',
      ),
      { 'Accept-Encoding': 'br, gzip, deflate' },
    ],
  ])('answers %s and logs nothing', (error, problem, headers) => {
    expect(filtered(error)).toEqual({
      status: problem.status,
      headers: { ...headers, ...JSON_TYPE },
      body: problem,
      destroyed: false,
      logged: [],
      told: [],
    });
  });

  it.each([
    [new AccessDeniedError(), body(403, 'Forbidden', 'Access denied'), {}, 'access-denied', 'not-owner'],
    [
      new InvalidTokenError(),
      body(401, 'Unauthorized', 'Token is invalid or expired'),
      { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
      'access-denied',
      'invalid-token',
    ],
    [
      new TooManyRequestsError({
        ...{ policy: 'login', quota: 10, windowSeconds: 60, consumed: 11, remaining: 0, resetSeconds: 7 },
      }),
      body(429, 'Too Many Requests', 'Too many requests'),
      { RateLimit: '"login";r=0;t=7', 'RateLimit-Policy': '"login";q=10;w=60', 'Retry-After': '7' },
      'rate-limited',
      'login',
    ],
  ])('answers %s and tells the observer of it', (error, problem, headers, kind, reason) => {
    expect(filtered(error)).toEqual({
      status: problem.status,
      headers: { ...headers, ...JSON_TYPE },
      body: problem,
      destroyed: false,
      logged: [],
      told: [[kind, { reason, route: '/api/:thing' }]],
    });
  });

  it('lists every wrong field of a request that is not valid', () => {
    const errors = [
      { field: 'email', message: 'email is required' },
      { field: 'password', message: 'Password is required' },
    ] as const;
    expect(filtered(new ValidationError(errors)).body).toEqual({
      ...body(400, 'Bad Request', 'email is required'),
      errors,
    });
  });

  it('says when to come back, and logs why the service is unavailable', () => {
    const cause = new Error('ThrottlingException of table secret');
    const {
      status,
      headers,
      body: problem,
      logged,
    } = filtered(new UnavailableError('Not now', 7, { cause }));
    expect({ status, headers, problem }).toEqual({
      status: 503,
      headers: { 'Retry-After': '7', ...JSON_TYPE },
      problem: body(503, 'Service Unavailable', 'Not now'),
    });
    expect(logged).toEqual([['warn', { err: cause }, 'Not now']]);
  });

  it.each([
    ['a domain error without a status', new TeapotError('marker')],
    ['an error of the program', new TypeError('marker')],
    ['an error of Nest that blames the server', new BadGatewayException('marker')],
    ['a text', 'marker'],
    ['nothing', undefined],
  ])('answers %s as a defect of ours, and logs it whole', (_case, error) => {
    expect(filtered(error)).toEqual({
      status: 500,
      headers: JSON_TYPE,
      body: defect,
      destroyed: false,
      logged: [['error', { err: error }, 'request failed unexpectedly']],
      told: [],
    });
  });

  it('leaves the query out of the instance', () => {
    expect(filtered(new AccessDeniedError(), { url: '/api/thing?token=marker?' }).body).toEqual(
      body(403, 'Forbidden', 'Access denied'),
    );
  });

  it('cuts the connection when the headers are out already, and logs the error', () => {
    const error = new TypeError('too late');
    expect(filtered(error, { headersSent: true })).toEqual({
      status: 0,
      headers: {},
      body: undefined,
      destroyed: true,
      logged: [['error', { err: error }, 'request failed unexpectedly']],
      told: [],
    });
  });
});
