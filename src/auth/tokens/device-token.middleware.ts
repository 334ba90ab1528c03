import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { ExtractJwt } from 'passport-jwt';
import { currentRequest } from '../../common/request-context.js';
import { TokensService } from './tokens.service.js';

const bearerToken = ExtractJwt.fromAuthHeaderAsBearerToken();

/**
 * Reads the sign-in that the token of a request names on routes that need no token. It proves that the device belongs
 * to the owner, so that strangers who guess elsewhere cannot lock it out. The response is the same as without a token.
 * A token of another service is ignored.
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
