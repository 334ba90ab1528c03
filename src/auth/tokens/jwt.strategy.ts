import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { InvalidTokenError } from '../../common/errors/domain-errors.js';
import type { Caller } from '../../common/http/caller.decorator.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { SignInsService } from '../../sessions/sign-ins.service.js';
import { isAccessToken, isReadable } from './token-payload.js';
import { VerificationKeys } from './verification-key.js';

/** Reads the bearer token of a request. One algorithm is accepted, whatever the header of the token names. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    config: AppConfig,
    private readonly signIns: SignInsService,
  ) {
    const keys = new VerificationKeys(config.secretKey, config.previousSecretKeys);
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request, token: string, done) =>
        isReadable(token)
          ? done(null, keys.keyFor(token) as unknown as Buffer)
          : done(new InvalidTokenError()),
      algorithms: ['HS256'],
      // `nbf` is checked in `isAccessToken`, with a leeway that `exp` must not have.
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
  }

  /**
   * @throws InvalidTokenError where the claims are not those of an access token, or its session has ended
   * @throws UnavailableError where that cannot be found out
   */
  async validate(claims: unknown): Promise<Caller> {
    if (!isAccessToken(claims, nowSeconds())) throw new InvalidTokenError();
    const caller: Caller = { userId: claims.user_id, sessionId: claims.jti, issuedAt: claims.iat };
    await this.signIns.assertCurrent(caller);
    return caller;
  }
}
