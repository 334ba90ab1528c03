import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';

/** Makes access tokens. `JwtStrategy` reads them. */
@Injectable()
export class TokensService {
  constructor(private readonly jwt: JwtService) {}

  /** A token for this user, HS256, valid for 30 days. */
  issue(userId: string): string {
    return this.jwt.sign({ user_id: userId }, { subject: userId, jwtid: randomUUID() });
  }
}
