import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import type { AuthenticatedRequest } from '../common/http/caller.decorator.js';
import { limitHeaders } from '../common/http/headers/limit-headers.js';
import { onAnswered } from '../common/http/connections/on-finished.js';
import { CostlyReads } from './costly-reads.js';
import { LIMIT_NAME } from './limit-name.js';
import { LimitsService } from './limits.service.js';

/** Metadata key of `CostlyRead`. */
export const COSTLY_READ = 'costlyRead';

export interface CostlyReadOptions {
  readonly where?: (query: object) => boolean;
}

/** Holds the requests that `CostlyRead` means to its policy, before the tables are asked about the sign-in. */
@Injectable()
export class CostlyReadGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: LimitsService,
    private readonly reads: CostlyReads,
  ) {}

  /**
   * @throws TooManyRequestsError where the user has too many, in a minute or at once
   * @throws UnavailableError where there are too many in all
   */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    const costly = this.reflector.getAllAndOverride<CostlyReadOptions | undefined>(COSTLY_READ, places);
    if (!costly) return true;
    const { where } = costly;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (where && !where(request.query)) return true;
    const response = context.switchToHttp().getResponse<Response>();
    const { userId } = request.user;
    onAnswered(request, response, this.reads.begin(userId));
    // A route with a limit of its own is counted by that one.
    if (this.reflector.getAllAndOverride(LIMIT_NAME, places) !== undefined) return true;
    const counted = await this.limits.consume('costly-read', userId);
    if (counted) response.set(limitHeaders(counted.state));
    return true;
  }
}
