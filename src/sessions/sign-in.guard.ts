import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ConflictError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { SIGN_IN_DECISION, type SignInDecision } from '../common/http/sign-in-decision.decorator.js';
import { SignInsService } from './sign-ins.service.js';

/**
 * Runs before every route that writes, unless its service checks the sign-in itself: a cache may decide about a read
 * for its lifetime, but never about a write. Costs 2 read units, or 1 for a token of the older backend.
 */
@Injectable()
export class SignInGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly signIns: SignInsService,
  ) {}

  /**
   * @throws InvalidTokenError if the sign-in has ended
   * @throws ConflictError if the account is being deleted
   * @throws UnavailableError if this cannot be read now
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request & { user?: Caller }>();
    const decision = this.reflector.getAllAndOverride<SignInDecision | undefined>(SIGN_IN_DECISION, [
      context.getHandler(),
      context.getClass(),
    ]);
    // A public route has no caller.
    if (!request.user || (decision ?? byMethod(request)) !== 'tables') return true;
    const { account } = await this.signIns.confirm(request.user);
    if (account.closingAt !== undefined) throw new ConflictError('The account is being deleted');
    return true;
  }
}

function byMethod({ method }: Request): SignInDecision {
  return method === 'GET' || method === 'HEAD' ? 'cache' : 'tables';
}
