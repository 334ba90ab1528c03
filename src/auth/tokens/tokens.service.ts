import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Caller } from '../../common/http/caller.decorator.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { isAccessToken, isReadable } from './token-payload.js';
import { VerificationKeys } from './verification-key.js';

/** Issues access tokens, and reads whom a token was issued for. `JwtStrategy` authenticates with them. */
@Injectable()
export class TokensService {
  private readonly keys: VerificationKeys;

  constructor(
    private readonly jwt: JwtService,
    config: AppConfig,
  ) {
    this.keys = new VerificationKeys(config.secretKey, config.previousSecretKeys);
  }

  /** A token of this session, HS256, valid for 30 days. */
  issue(userId: string, sessionId: string): string {
    return this.jwt.sign({ user_id: userId }, { subject: userId, jwtid: sessionId });
  }

  /**
   * The sign-in that a token was issued for, even if the token has expired or the sign-in has ended. It proves only
   * that the sender was signed in before.
   *
   * @returns `undefined` if it is not an access token signed with one of the service's keys
   */
  signInOf(token: string): Caller | undefined {
    try {
      const claims: unknown = this.jwt.verify(token, {
        // The type allows strings only.
        secret: this.keys.keyFor(token) as unknown as Buffer,
        algorithms: ['HS256'],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      if (!isReadable(token) || !isAccessToken(claims, nowSeconds())) return undefined;
      return { userId: claims.user_id, sessionId: claims.jti, issuedAt: claims.iat };
    } catch {
      return undefined;
    }
  }
}
