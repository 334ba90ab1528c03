import { type CanActivate, type ExecutionContext, HttpStatus, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { TooManyRequestsError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { limitHeaders } from '../common/http/headers/limit-headers.js';
import { onFinished } from '../common/http/connections/on-finished.js';
import { currentRequest } from '../common/request-context.js';
import { signInReference } from '../common/sign-in.js';
import { clientKey } from '../common/http/connections/client-key.js';
import { LIMIT_NAME, type LimitName } from './limit-name.js';
import type { Counted } from './limiter.js';
import { LimitsService } from './limits.service.js';

/**
 * Counts the request against the limit that `RateLimited` names, if any, and tells the client how it stands. Before the
 * tables are asked about the sign-in: what is refused costs nothing.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: LimitsService,
  ) {}

  /** @throws TooManyRequestsError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const name = this.reflector.getAllAndOverride<LimitName | undefined>(LIMIT_NAME, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (name === undefined) return true;
    const request = context.switchToHttp().getRequest<Request & { user?: Caller }>();
    const response = context.switchToHttp().getResponse<Response>();
    const key = request.user?.userId ?? clientKey(request.ip ?? '');
    const counted = await this.limits
      .consume(name, key)
      .catch((refusal: unknown) => this.consumeAsOwner(name, refusal));
    if (!counted) return true;
    response.set(limitHeaders(counted.state));
    onFinished(request, response, () => {
      // Whoever repeats what an outage failed must not be refused for it once the outage is over.
      if (response.statusCode === Number(HttpStatus.SERVICE_UNAVAILABLE)) void counted.giveBack();
    });
    return true;
  }

  /**
   * Counts a login by the sign-in that its token names, where its address has made too many: strangers behind an address
   * must not keep the owner of an account out. Whether the account is that of the token is known later only.
   */
  private async consumeAsOwner(name: LimitName, refusal: unknown): Promise<Counted | undefined> {
    const context = currentRequest();
    const { signIn } = context ?? {};
    if (name !== 'login' || !context || !signIn || !(refusal instanceof TooManyRequestsError)) throw refusal;
    const counted = await this.limits.consume(name, `${signIn.userId}:${signInReference(signIn)}`);
    context.refusalOfStrangers = refusal;
    return counted;
  }
}
