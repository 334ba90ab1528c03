import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** Who sent the request, as its token says. */
export interface Caller {
  readonly userId: string;
  /** Absent for a token of the older backend. */
  readonly sessionId: string | undefined;
  /** When the token was issued; Unix seconds. */
  readonly issuedAt: number;
}

/** A request that the guard has let pass. */
export interface AuthenticatedRequest extends Request {
  user: Caller;
}

/** The caller of an authenticated route. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
