import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { InvalidCredentialsError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import { PasswordsService } from './passwords/passwords.service.js';
import { TokensService } from './tokens/tokens.service.js';

/** A user who has just proved to be one, and the token for it. */
export interface SignedIn {
  readonly user: User;
  readonly token: string;
}

/** Email and password, and the device they are given on. The email is expected trimmed and in lower case. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly device: string;
}

/** Registration, login, and what becomes of the token. */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly passwords: PasswordsService,
    private readonly tokens: TokensService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes an account and signs it in.
   *
   * @throws ValidationError where the password is not acceptable
   * @throws ConflictError where the email has an account; before hashing where that is known
   * @throws UnavailableError where the database or the hash queue cannot serve now
   */
  async register({ email, password, device }: Credentials): Promise<SignedIn> {
    await this.passwords.assertAcceptable(password, email, 'password');
    await this.users.assertEmailIsFree(email);
    const user = await this.users.create(email, await this.passwords.hash(password));
    const signedIn = await this.signIn(user, device);
    await this.passwords.trustClient(email);
    this.audit.record('register', { user_id: user.userId });
    return signedIn;
  }

  /**
   * Signs in with email and password. An unknown email costs the same work as a wrong password.
   *
   * @throws InvalidCredentialsError for either
   * @throws TooManyRequestsError after too many failures
   * @throws UnavailableError where the database or the hash queue cannot serve now
   */
  async login({ email, password, device }: Credentials): Promise<SignedIn> {
    const user = await this.users.findByEmail(email);
    const matches = await this.passwords.verify(email, user, password);
    if (!user || !matches) {
      const reason = user ? 'wrong-password' : 'unknown-email';
      this.audit.record('login-failed', { subject: this.passwords.subject(email), reason });
      throw new InvalidCredentialsError();
    }
    await this.passwords.upgrade(user, password);
    const signedIn = await this.signIn(user, device);
    this.audit.record('login', { user_id: user.userId });
    return signedIn;
  }

  /** Ends what the caller is signed in by. */
  async logout(caller: Caller): Promise<void> {
    await this.sessions.endOwn(caller);
    this.audit.record('logout', sessionFields(caller));
  }

  /**
   * A fresh token for the same session, which then lasts 30 days from now. The token that asked stays valid, so that
   * asking twice does no harm.
   *
   * @throws InvalidTokenError where the session has ended meanwhile
   */
  async renew(caller: Caller, device: string): Promise<string> {
    const sessionId = await this.sessions.renew(caller, device);
    this.audit.record('token-renewed', { user_id: caller.userId, session_id: sessionId });
    return this.tokens.issue(caller.userId, sessionId);
  }

  private async signIn(user: User, device: string): Promise<SignedIn> {
    const { sessionId } = await this.sessions.start(user, device);
    return { user, token: this.tokens.issue(user.userId, sessionId) };
  }
}

function sessionFields({ userId, sessionId }: Caller) {
  return { user_id: userId, ...(sessionId && { session_id: sessionId }) };
}
