import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { ExtractJwt } from 'passport-jwt';
import { InvalidTokenError, NotAuthenticatedError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { IS_PUBLIC } from '../common/http/public.decorator.js';
import { currentRequest } from '../common/request-context.js';
import { JwtStrategy } from './tokens/jwt.strategy.js';

const bearerToken = ExtractJwt.fromAuthHeaderAsBearerToken();

/** Requires a valid bearer token on every route unless it is `@Public()`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard() {
  constructor(
    private readonly reflector: Reflector,
    strategy: JwtStrategy,
  ) {
    super({
      // By name, Passport would use the strategy of the application of this process that was created last. A new object
      // for each request, as Passport creates from a named strategy: it holds the request's state.
      get defaultStrategy(): string {
        return Object.create(strategy) as string;
      },
    });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()])) {
      return true;
    }
    if (!bearerToken(context.switchToHttp().getRequest<Request>())) throw new NotAuthenticatedError();
    return (await super.canActivate(context)) as boolean;
  }

  /** @throws InvalidTokenError if Passport found no caller */
  override handleRequest<T = Caller>(error: Error | null | undefined, caller: Caller | false): T {
    // An outage must not be reported as an invalid token.
    if (error) throw error;
    if (!caller) throw new InvalidTokenError();
    const request = currentRequest();
    if (request) Object.assign(request, { userId: caller.userId, signIn: caller });
    return caller as T;
  }
}
