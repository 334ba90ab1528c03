import { STATUS_CODES } from 'node:http';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { PROBLEM_JSON, ProblemDto } from './problem.js';

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 501 | 503;

const REQUEST_ID = {
  'X-Request-Id': {
    description: 'Id of the request in the logs',
    schema: { type: 'string' as const, maxLength: 128 },
  },
};

const HEADERS: Partial<Record<ErrorStatus, object>> = {
  401: { 'WWW-Authenticate': { description: 'RFC 6750 §3', schema: { type: 'string', maxLength: 256 } } },
  429: {
    'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1, maximum: 86400 } },
    RateLimit: {
      description: 'Remaining requests in the window',
      schema: { type: 'string', maxLength: 256 },
    },
    'RateLimit-Policy': {
      description: 'The limit and its window',
      schema: { type: 'string', maxLength: 256 },
    },
  },
  503: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1, maximum: 3600 } } },
};

/**
 * Documents the errors of an operation. 400, 500 and 503 are added to all of them.
 *
 * @param details the `detail` of each status as clients see it
 */
export function ApiProblems(details: Partial<Record<ErrorStatus, string>>): MethodDecorator & ClassDecorator {
  const all: Partial<Record<ErrorStatus, string>> = {
    400: 'The request is malformed',
    ...details,
    500: 'Something went wrong on our side',
    503: 'The service is temporarily unavailable',
  };
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ...Object.entries(all).map(([code, detail]) => problemResponse(Number(code) as ErrorStatus, detail)),
  );
}

function problemResponse(status: ErrorStatus, detail: string): MethodDecorator & ClassDecorator {
  return ApiResponse({
    status,
    description: detail,
    headers: { ...REQUEST_ID, ...HEADERS[status] },
    content: {
      [PROBLEM_JSON]: { schema: { $ref: getSchemaPath(ProblemDto) }, example: example(status, detail) },
    },
  });
}

/** Documents the error of a rate-limited route. */
export function ApiProblemTooMany(): MethodDecorator & ClassDecorator {
  return problemResponse(429, 'Too many requests');
}

/** Errors of every route that requires a token. */
export const TOKEN_PROBLEMS = { 401: 'Token is invalid or expired' } as const;

/** Errors of every route whose sign-in is decided by the tables, see `SignInDecidedBy`. */
export const WRITE_PROBLEMS = { ...TOKEN_PROBLEMS, 409: 'The account is being deleted' } as const;

/** Errors of every route that takes a body. */
export const BODY_PROBLEMS = {
  400: 'The request body is not valid JSON',
  413: 'The request body is larger than 100 KB',
  415: 'The request body must be JSON in UTF-8 with Content-Type: application/json',
} as const;

/** Errors of every route that needs the bucket of the audio objects. */
export const STORAGE_PROBLEMS = { 501: 'Audio storage is not set up on this server' } as const;

function example(status: ErrorStatus, detail: string): ProblemDto {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: '/api/example',
    request_id: '0b5f2c0e-6f2f-4a9b-8a44-0f3f5d0c9d11',
  };
}
