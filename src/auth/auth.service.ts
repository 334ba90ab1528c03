import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { InvalidCredentialsError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Email } from '../users/email.js';
import type { User } from '../users/user.js';
import { EmailTakenError, UsersService } from '../users/users.service.js';
import { PasswordsService } from './passwords/passwords.service.js';
import { TokensService } from './tokens/tokens.service.js';

/** A user who has just proved to be one, and the token for it. */
export interface SignedIn {
  readonly user: User;
  readonly token: string;
}

/** Email and password, and the device they are given on. */
export interface Credentials {
  readonly email: Email;
  readonly password: string;
  readonly device: string;
}

/** Who wants an account. */
export interface RegistrationRequest extends Credentials {
  /** The same one, with the same email and password, signs in to the account that the first request made. */
  readonly idempotencyKey?: string | undefined;
}

/** Somebody who has an account now, and is signed in. */
export interface Registration extends SignedIn {
  /** False where an earlier request with the same idempotency key made the account. */
  readonly isNew: boolean;
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
   * Makes an account and signs it in. A request whose first try made the account already, while the answer was lost,
   * signs in to that one.
   *
   * @throws ValidationError where the password is not acceptable
   * @throws ConflictError where the email has an account; before hashing where that is known
   * @throws TooManyRequestsError where it is a repeated one, after too many wrong passwords for the account
   * @throws UnavailableError where the database or the hash queue cannot serve now
   */
  async register(request: RegistrationRequest): Promise<Registration> {
    const { email, password, device } = request;
    this.passwords.assertAcceptable(password, email, 'password');
    const { user, isNew } = await this.makeOrFindAccount(request);
    const signedIn = await this.signIn(user, device);
    if (isNew) await this.passwords.trustClient(user.email);
    this.audit.record(isNew ? 'register' : 'login', { user_id: user.userId });
    return { ...signedIn, isNew };
  }

  /**
   * Signs in with email and password. An unknown email costs the same work as a wrong password.
   *
   * @throws InvalidCredentialsError for either
   * @throws TooManyRequestsError after too many failures
   * @throws UnavailableError where the database or the hash queue cannot serve now
   */
  async login({ email, password, device }: Credentials): Promise<SignedIn> {
    const user = await this.passwords.admit(() => this.users.findByEmail(email));
    const account = user?.email ?? email.canonical;
    const matches = await this.passwords.verify(account, user, password);
    if (!user || !matches) {
      const reason = user ? 'wrong-password' : 'unknown-email';
      this.audit.record('login-failed', { subject: this.passwords.subject(account), reason });
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

  private async makeOrFindAccount(request: RegistrationRequest): Promise<Omit<Registration, 'token'>> {
    const { email, password, idempotencyKey } = request;
    try {
      await this.passwords.admit(() => this.users.assertEmailIsFree(email));
      const passwordHash = await this.passwords.hash(password);
      return { user: await this.users.create(email, passwordHash, idempotencyKey), isNew: true };
    } catch (error) {
      const user =
        error instanceof EmailTakenError ? await this.findRegistered(request, error.holder) : undefined;
      if (!user) throw error;
      return { user, isNew: false };
    }
  }

  /** The account that an earlier try of this very request made. The key alone opens none. */
  private async findRegistered(request: RegistrationRequest, holder?: User): Promise<User | undefined> {
    const { email, password, idempotencyKey } = request;
    if (idempotencyKey === undefined) return undefined;
    const user = await this.users.findRegistered(email, idempotencyKey, holder);
    if (!user) return undefined;
    if (await this.passwords.verify(user.email, user, password)) return user;
    const subject = this.passwords.subject(user.email);
    this.audit.record('login-failed', { subject, reason: 'wrong-password' });
    return undefined;
  }

  private async signIn(user: User, device: string): Promise<SignedIn> {
    const { sessionId } = await this.sessions.start(user, device);
    return { user, token: this.tokens.issue(user.userId, sessionId) };
  }
}

function sessionFields({ userId, sessionId }: Caller) {
  return { user_id: userId, ...(sessionId && { session_id: sessionId }) };
}
