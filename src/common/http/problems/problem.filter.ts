import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  AccessDeniedError,
  DeploymentError,
  InvalidTokenError,
  TooManyRequestsError,
  UnavailableError,
} from '../../errors/domain-errors.js';
import { Logger } from '../../logging/logger.js';
import { ThrottledLog } from '../../logging/throttled-log.js';
import { answerTo, problemOf } from './problem-of.js';
import { PROBLEM_JSON } from './problem.js';
import { type Refusal, RefusalObserver } from './refusal-observer.js';

/**
 * Turns every error into problem details (RFC 9457). Domain errors have a status by class. Errors of Nest, Express and
 * the body parser keep their status and get a detail of this service. Anything else is a defect: it is logged with its
 * stack, and the client gets only the request id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly throttled: ThrottledLog;

  constructor(
    private readonly logger: Logger,
    private readonly refusals: RefusalObserver,
  ) {
    this.throttled = new ThrottledLog(logger);
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const { status, headers } = answerTo(error);
    if (status === 500) this.logger.error({ err: error }, 'request failed unexpectedly');
    if (error instanceof UnavailableError) this.warnOf(error);
    this.tellOfRefusal(error, request);
    if (response.headersSent) {
      // The status is sent already. Closing the connection is the only way left to signal that the body is incomplete.
      response.destroy();
      return;
    }
    // Headers of the response without the error.
    response.removeHeader('Content-Encoding');
    // Without the query, which may contain secrets.
    const problem = problemOf(error, request.originalUrl.split('?', 1)[0] ?? '/');
    response
      .status(status)
      .set({ ...headers, 'Cache-Control': 'no-store', 'Content-Type': PROBLEM_JSON })
      .send(Buffer.from(JSON.stringify(problem)));
  }

  /** Without a cause nothing failed, the process is only overloaded. The number of times is enough. */
  private warnOf(error: UnavailableError): void {
    const { cause, message } = error;
    if (error instanceof DeploymentError) this.logger.error({ err: cause }, error.remedy);
    else if (cause === undefined) this.throttled.warn(message);
    else this.logger.warn({ err: cause }, message);
  }

  private tellOfRefusal(error: unknown, request: Request): void {
    const { path } = (request.route ?? {}) as { path?: string };
    const refusal = (reason: string): Refusal => ({ reason, ...(path !== undefined && { route: path }) });
    if (error instanceof AccessDeniedError) this.refusals.accessDenied(refusal('not-owner'));
    if (error instanceof InvalidTokenError) this.refusals.accessDenied(refusal('invalid-token'));
    if (error instanceof TooManyRequestsError) this.refusals.rateLimited(refusal(error.limit.policy));
  }
}
