import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { InvalidTokenError } from '../../common/errors/domain-errors.js';
import type { Caller } from '../../common/http/caller.decorator.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { SignInsService } from '../../sessions/sign-ins.service.js';
import { isAccessToken, isReadable, type TokenPayload } from './token-payload.js';
import { VerificationKeys } from './verification-key.js';
import { VerifiedTokens } from './verified-tokens.js';

const bearerToken = ExtractJwt.fromAuthHeaderAsBearerToken();

/** Reads the bearer token of a request. It accepts one algorithm, whatever the header of the token says. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  private readonly verified = new VerifiedTokens();

  constructor(
    config: AppConfig,
    private readonly signIns: SignInsService,
  ) {
    const keys = new VerificationKeys(config.secretKey, config.previousSecretKeys);
    super({
      jwtFromRequest: bearerToken,
      passReqToCallback: true,
      secretOrKeyProvider: (_request, token: string, done) =>
        isReadable(token)
          ? done(null, keys.keyFor(token) as unknown as Buffer)
          : done(new InvalidTokenError()),
      algorithms: ['HS256'],
      // `isAccessToken` checks `nbf`, with a leeway that `exp` must not have.
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
  }

  /** Called by Passport. A token that is in the cache is not verified again. */
  override authenticate(request: Request, options?: unknown): void {
    const caller = this.verified.get(bearerToken(request) ?? '', nowSeconds());
    if (!caller) {
      super.authenticate(request as never, options);
      return;
    }
    this.signIns.assertCurrent(caller).then(
      () => this.success(caller),
      (error: unknown) => this.error(error as Error),
    );
  }

  /** Called by Passport after it has verified the signature. */
  async validate(request: Request, claims: unknown): Promise<Caller> {
    const caller = await this.callerOf(claims);
    this.verified.set(bearerToken(request) ?? '', caller, (claims as TokenPayload).exp);
    return caller;
  }

  /**
   * The caller of a token with these claims.
   *
   * @throws InvalidTokenError if they are not the claims of an access token, or its session has ended
   * @throws UnavailableError if this cannot be read now
   */
  async callerOf(claims: unknown): Promise<Caller> {
    if (!isAccessToken(claims, nowSeconds())) throw new InvalidTokenError();
    const caller: Caller = { userId: claims.user_id, sessionId: claims.jti, issuedAt: claims.iat };
    await this.signIns.assertCurrent(caller);
    return caller;
  }
}
