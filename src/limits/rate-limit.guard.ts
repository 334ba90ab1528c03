import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { Caller } from '../common/http/caller.decorator.js';
import { limitHeaders } from '../common/http/limit-headers.js';
import { clientKey } from './client-key.js';
import { LIMIT_NAME, type LimitName } from './limit-name.js';
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
    const key = request.user?.userId ?? clientKey(request.ip ?? '');
    const state = await this.limits.consume(name, key);
    if (state) context.switchToHttp().getResponse<Response>().set(limitHeaders(state));
    return true;
  }
}
