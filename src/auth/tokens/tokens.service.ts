import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';

/** Makes access tokens. `JwtStrategy` reads them. */
@Injectable()
export class TokensService {
  constructor(private readonly jwt: JwtService) {}

  /** A token of this session, HS256, valid for 30 days. */
  issue(userId: string, sessionId: string): string {
    return this.jwt.sign({ user_id: userId }, { subject: userId, jwtid: sessionId });
  }
}
