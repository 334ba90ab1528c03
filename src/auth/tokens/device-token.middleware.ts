import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { ExtractJwt } from 'passport-jwt';
import { currentRequest } from '../../common/request-context.js';
import { TokensService } from './tokens.service.js';

const bearerToken = ExtractJwt.fromAuthHeaderAsBearerToken();

/**
 * Takes note of the sign-in that the token of a request names, where no token is asked for. A device that was signed in
 * before proves by it that it is the owner's, so that strangers who guess elsewhere cannot keep it out. The request is
 * answered as it would be without; a token that is not ours is ignored.
 */
@Injectable()
export class DeviceTokenMiddleware implements NestMiddleware {
  constructor(private readonly tokens: TokensService) {}

  use(request: Request, _response: Response, next: NextFunction): void {
    const token = bearerToken(request);
    const context = currentRequest();
    if (token && context) context.signIn = this.tokens.signInOf(token);
    next();
  }
}
