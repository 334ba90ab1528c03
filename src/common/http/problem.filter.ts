import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditLog } from '../../audit/audit-log.js';
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
} from '../errors/domain-errors.js';
import { Logger } from '../logging/logger.js';
import { currentRequest } from '../request-context.js';
import { MethodNotAllowedError } from './fallback-routes.js';
import { limitHeaders } from './limit-headers.js';
import { PROBLEM_JSON, type ProblemDto } from './problem.js';

interface Answer {
  status: number;
  detail: string;
  headers?: Record<string, string>;
}

/** What an answer says where the cause's own words may echo the request (Node quotes the JSON it cannot parse). */
const DETAILS: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  404: 'There is nothing at this path',
  413: 'The request body is larger than 100 KB',
  415: 'The request body must be JSON in UTF-8 with Content-Type: application/json',
};

/**
 * Turns every error, whatever raised it, into problem details (RFC 9457). Domain errors have a status by class;
 * errors of Nest, Express and the body parser keep theirs, in words of our own; anything else is a defect: it is
 * logged with its stack and the client learns nothing but the request id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly audit: AuditLog,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const { status, detail, headers } = this.answer(error);
    if (status === 500) this.logger.error({ err: error }, 'request failed unexpectedly');
    if (error instanceof UnavailableError) this.logger.warn({ err: error.cause ?? error }, error.message);
    if (error instanceof AccessDeniedError) this.auditRefusal('access-denied', request, 'not-owner');
    if (error instanceof InvalidTokenError) this.auditRefusal('access-denied', request, 'invalid-token');
    if (error instanceof TooManyRequestsError) this.auditRefusal('rate-limited', request, error.limit.policy);
    if (response.headersSent) {
      // Too late for a status; a cut connection is the only way left to say that the body is not whole.
      response.destroy();
      return;
    }
    const problem: ProblemDto = {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail,
      // Without the query, which may hold what must not be repeated.
      instance: request.originalUrl.split('?', 1)[0] ?? '/',
      request_id: currentRequest()?.requestId ?? '',
      ...(error instanceof ValidationError && { errors: error.errors }),
    };
    response
      .status(status)
      .set({ ...headers, 'Content-Type': PROBLEM_JSON })
      .send(Buffer.from(JSON.stringify(problem)));
  }

  private auditRefusal(event: 'access-denied' | 'rate-limited', request: Request, reason: string): void {
    const userId = currentRequest()?.userId;
    const { path } = (request.route ?? {}) as { path?: string };
    this.audit.record(event, {
      reason,
      ...(userId !== undefined && { user_id: userId }),
      ...(path !== undefined && { route: path }),
    });
  }

  private answer(error: unknown): Answer {
    if (error instanceof DomainError) return domainAnswer(error);
    if (error instanceof MethodNotAllowedError) {
      return { status: 405, detail: error.message, headers: { Allow: error.allow } };
    }
    if (error instanceof HttpException && error.getStatus() < 500) {
      const status = error.getStatus();
      const malformedJson = status === 400 && error.cause instanceof SyntaxError;
      const detail = malformedJson ? 'The request body is not valid JSON' : DETAILS[status];
      return { status, detail: detail ?? STATUS_CODES[status] ?? 'The request cannot be served' };
    }
    return { status: 500, detail: 'Something went wrong on our side' };
  }
}

function domainAnswer(error: DomainError): Answer {
  const detail = error.message;
  if (error instanceof ValidationError) return { status: 400, detail };
  if (error instanceof NotAuthenticatedError || error instanceof InvalidCredentialsError) {
    return { status: 401, detail, headers: { 'WWW-Authenticate': 'Bearer' } };
  }
  if (error instanceof InvalidTokenError) {
    return { status: 401, detail, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };
  }
  if (error instanceof TooManyRequestsError) {
    const headers = { ...limitHeaders(error.limit), 'Retry-After': String(error.limit.resetSeconds) };
    return { status: 429, detail, headers };
  }
  if (error instanceof AccessDeniedError || error instanceof WrongPasswordError)
    return { status: 403, detail };
  if (error instanceof NotFoundError) return { status: 404, detail };
  if (error instanceof ConflictError) return { status: 409, detail };
  if (error instanceof UnavailableError) {
    return { status: 503, detail, headers: { 'Retry-After': String(error.retryAfterSeconds) } };
  }
  // A class without a status is a defect of ours, and must not pass for something the client did.
  return { status: 500, detail: 'Something went wrong on our side' };
}
