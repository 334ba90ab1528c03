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

/** A user who has just signed in, and the token. */
export interface SignedIn {
  readonly user: User;
  readonly token: string;
}

/** Email and password, and the device of the client. */
export interface Credentials {
  readonly email: Email;
  readonly password: string;
  readonly device: string;
}

/** Who wants an account. */
export interface RegistrationRequest extends Credentials {
  /** Repeated with the same email and password, it signs in to the account that the first request created. */
  readonly idempotencyKey?: string | undefined;
}

/** A new account, signed in. */
export interface Registration extends SignedIn {
  /** False if an earlier request with the same idempotency key created the account. */
  readonly isNew: boolean;
}

/** Registration, login, logout and renewal of tokens. */
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
   * Creates an account and signs in. If an earlier attempt of the same request created the account and its response was
   * lost, signs in to that account.
   *
   * @throws ValidationError if the password is not acceptable
   * @throws ConflictError if the email has an account; before hashing if this is known
   * @throws TooManyRequestsError for a repeated request after too many wrong passwords for the account
   * @throws UnavailableError if the database or the hash queue is unavailable
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
   * @throws UnavailableError if the database or the hash queue is unavailable
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

  /** Ends the sign-in of the caller. */
  async logout(caller: Caller): Promise<void> {
    await this.sessions.endOwn(caller);
    this.audit.record('logout', sessionFields(caller));
  }

  /**
   * A new token for the same session, which is then valid for 30 days from now. The old token stays valid, so that the
   * request can be retried.
   *
   * @throws InvalidTokenError if the session has ended meanwhile
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

  /** The account that an earlier attempt of this request created. The idempotency key alone grants no access. */
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
