import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ConflictError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { SIGN_IN_DECISION, type SignInDecision } from '../common/http/sign-in-decision.decorator.js';
import { SignInsService } from './sign-ins.service.js';

/**
 * Stands before every route that writes, unless its service decides by itself: a cache may let a read through for its
 * lifetime, and never a write. Costs 2 read units, or 1 for a token of the older backend.
 */
@Injectable()
export class SignInGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly signIns: SignInsService,
  ) {}

  /**
   * @throws InvalidTokenError where the sign-in has ended
   * @throws ConflictError where the account is being deleted
   * @throws UnavailableError where that cannot be found out
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
