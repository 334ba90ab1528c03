import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { SignIn } from '../sign-in.js';

/** The sender of the request, as its token says. */
export type Caller = SignIn;

/** A request that the guard has authenticated. */
export interface AuthenticatedRequest extends Request {
  user: Caller;
}

/** The caller of an authenticated route. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
