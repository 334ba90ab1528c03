import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Caller } from '../../common/http/caller.decorator.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { isAccessToken, isReadable } from './token-payload.js';
import { VerificationKeys } from './verification-key.js';

/** Makes access tokens, and tells whom one was made for. `JwtStrategy` lets people in by them. */
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
   * The sign-in that a token was made for, also where it has expired or the sign-in has ended. It proves that whoever
   * sends it had been signed in, and nothing more.
   *
   * @returns `undefined` for what is no access token signed with one of our keys
   */
  signInOf(token: string): Caller | undefined {
    try {
      const claims: unknown = this.jwt.verify(token, {
        // Typed for keys as text only.
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
