import { createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Caller } from '../../common/http/caller.decorator.js';
import { InvalidTokenError } from '../../common/errors/domain-errors.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { isAccessToken } from './token-payload.js';

/** Reads the bearer token of a request. One algorithm is accepted, whatever the header of the token names. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(config: AppConfig) {
    // As a key object: with a string, `jsonwebtoken` tries to read a PEM public key out of it for every request, which
    // takes longer than all the rest of the verification.
    const key = createSecretKey(config.secretKey, 'utf8');
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request, token: string, done) =>
        hasClaims(token) ? done(null, key as unknown as Buffer) : done(new InvalidTokenError()),
      algorithms: ['HS256'],
      // `nbf` is checked in `isAccessToken`, with a leeway that `exp` must not have.
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
  }

  validate(claims: unknown): Caller {
    if (!isAccessToken(claims, nowSeconds())) throw new InvalidTokenError();
    return { userId: claims.user_id };
  }
}

/** Whether the payload is an object. `jsonwebtoken` fails on a signed `null`, which would look like a defect. */
function hasClaims(token: string): boolean {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof payload === 'object' && payload !== null;
  } catch {
    return false;
  }
}
