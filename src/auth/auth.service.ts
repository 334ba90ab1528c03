import { Injectable } from '@nestjs/common';
import { InvalidCredentialsError } from '../common/errors/domain-errors.js';
import type { User } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { TokensService } from './tokens/tokens.service.js';

/** A user who has just proved to be one, and the token for it. */
export interface SignedIn {
  readonly user: User;
  readonly token: string;
}

/** Registration and login. Emails are expected trimmed and in lower case. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordHasher,
    private readonly tokens: TokensService,
  ) {}

  /**
   * Makes an account and signs it in.
   *
   * @throws ConflictError where the email has an account; before hashing where that is known
   * @throws UnavailableError where the database or the hash queue cannot serve now
   */
  async register(email: string, password: string): Promise<SignedIn> {
    await this.users.assertEmailIsFree(email);
    const user = await this.users.create(email, await this.passwords.hash(password));
    return this.signIn(user);
  }

  /**
   * Signs in with email and password. An unknown email costs the same work as a wrong password.
   *
   * @throws InvalidCredentialsError for either
   * @throws UnavailableError where the database or the hash queue cannot serve now
   */
  async login(email: string, password: string): Promise<SignedIn> {
    const user = await this.users.findByEmail(email);
    const matches = await this.passwords.verify(user?.passwordHash, password);
    if (!user || !matches) throw new InvalidCredentialsError();
    return this.signIn(user);
  }

  private signIn(user: User): SignedIn {
    return { user, token: this.tokens.issue(user.userId) };
  }
}
