import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import {
  AccessDeniedError,
  ConflictError,
  DomainError,
  IdempotencyKeyReusedError,
  InvalidCredentialsError,
  InvalidTokenError,
  NotAuthenticatedError,
  NotConfiguredError,
  NotFoundError,
  PreconditionFailedError,
  QuotaExceededError,
  TooManyRequestsError,
  UnavailableError,
  ValidationError,
  WrongPasswordError,
} from '../../errors/domain-errors.js';
import { currentRequest } from '../../request-context.js';
import { MethodNotAllowedError } from './fallback-routes.js';
import { BODY_ENCODINGS, UnreadableBodyError } from '../bodies/readable-bodies.js';
import { limitHeaders } from '../headers/limit-headers.js';
import type { ProblemDto } from './problem.js';

/** Status, detail and headers of an error. */
export interface Answer {
  readonly status: number;
  readonly detail: string;
  readonly headers?: Record<string, string>;
}

/** Details that replace messages which may echo the request (Node quotes the JSON that it cannot parse). */
const DETAILS: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  404: 'There is nothing at this path',
  413: 'The request body is larger than 100 KB',
  417: 'The only expectation that can be met is 100-continue',
  415: 'The request body must be JSON in UTF-8 with Content-Type: application/json',
};

/** A class that is not listed here is a defect of the service and must not look like an error of the client. */
const STATUSES: readonly (readonly [new (...args: never[]) => DomainError, number])[] = [
  [ValidationError, 400],
  [NotAuthenticatedError, 401],
  [InvalidCredentialsError, 401],
  [InvalidTokenError, 401],
  [AccessDeniedError, 403],
  [WrongPasswordError, 403],
  [QuotaExceededError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [PreconditionFailedError, 412],
  [IdempotencyKeyReusedError, 422],
  [TooManyRequestsError, 429],
  [NotConfiguredError, 501],
  [UnavailableError, 503],
];

/** Status, detail and headers for any error. */
export function answerTo(error: unknown): Answer {
  if (error instanceof DomainError) {
    const status = STATUSES.find(([type]) => error instanceof type)?.[1];
    if (status !== undefined) return { status, detail: error.message, ...headersOf(error) };
  }
  if (error instanceof MethodNotAllowedError) {
    return { status: 405, detail: error.message, headers: { Allow: error.allow } };
  }
  if (error instanceof UnreadableBodyError)
    return { status: 415, detail: error.message, headers: error.headers };
  if (error instanceof HttpException && error.getStatus() < 500) {
    const status = error.getStatus();
    const malformedJson = status === 400 && error.cause instanceof SyntaxError;
    const detail = malformedJson ? 'The request body is not valid JSON' : DETAILS[status];
    // Types are checked earlier, so this 415 is about an encoding.
    const headers = status === 415 ? { headers: { 'Accept-Encoding': BODY_ENCODINGS } } : {};
    return { status, detail: detail ?? STATUS_CODES[status] ?? 'The request cannot be served', ...headers };
  }
  return { status: 500, detail: 'Something went wrong on our side' };
}

/**
 * Problem details (RFC 9457) of an error.
 *
 * @param instance path of the request
 */
export function problemOf(error: unknown, instance: string): ProblemDto {
  const { status, detail } = answerTo(error);
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance,
    request_id: currentRequest()?.requestId ?? '',
    ...(error instanceof ValidationError && { errors: error.errors }),
  };
}

function headersOf(error: DomainError): Pick<Answer, 'headers'> {
  if (error instanceof NotAuthenticatedError || error instanceof InvalidCredentialsError) {
    return { headers: { 'WWW-Authenticate': 'Bearer' } };
  }
  if (error instanceof InvalidTokenError) {
    return { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };
  }
  if (error instanceof TooManyRequestsError) {
    return { headers: { ...limitHeaders(error.limit), 'Retry-After': String(error.limit.resetSeconds) } };
  }
  if (error instanceof UnavailableError) {
    return { headers: { 'Retry-After': String(error.retryAfterSeconds) } };
  }
  return {};
}
