import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../../common/errors/domain-errors.js';
import { Logger } from '../../common/logging/logger.js';
import { currentRequest } from '../../common/request-context.js';
import { AppConfig } from '../../config/config.js';
import { clientKey } from '../../common/http/connections/client-key.js';
import { LimitsService } from '../../limits/limits.service.js';
import type { Guesser, LoginAttempt } from '../../limits/login-throttle.js';
import { deviceName } from '../../sessions/device-name.js';
import { signInReference } from '../../common/sign-in.js';
import type { Email } from '../../users/email.js';
import type { User } from '../../users/user.js';
import { UsersRepository } from '../../users/users.repository.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordPolicy } from './password-policy.js';

/** Length of a subject: enough to distinguish accounts, and too short for other uses. */
const SUBJECT_LENGTH = 16;

/** Rules, verification and storage of passwords. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly limits: LimitsService,
    private readonly users: UsersRepository,
    private readonly logger: Logger,
    private readonly config: AppConfig,
  ) {}

  /**
   * @param field name of the password in the request
   * @throws ValidationError with this field
   */
  assertAcceptable(password: string, email: Email, field: string): void {
    this.policy.assertAcceptable(password, email, field);
  }

  /**
   * Runs work that is followed by {@link hash} or {@link verify}: a request that will be refused should cost nothing
   * before.
   *
   * @throws UnavailableError if the hash queue is full
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    return this.hasher.admit(work);
  }

  /** @throws UnavailableError if the hash queue is full */
  async hash(password: string): Promise<string> {
    return this.hasher.hash(password);
  }

  /**
   * Whether the password is that of the account. Guesses are throttled in all endpoints, by what the request proves
   * about its sender (see `LoginThrottle`). Without an account the same work is done.
   *
   * @param email as stored in the account; without an account its canonical form, so that no spelling has its own
   *   attempts
   * @throws TooManyRequestsError after too many wrong passwords
   * @throws UnavailableError if the hash queue is full
   */
  async verify(email: string, user: User | undefined, password: string): Promise<boolean> {
    const attempt = await this.beginAttempt(email, user);
    let matches: boolean;
    try {
      matches = await this.hasher.verify(user?.passwordHash, password);
    } catch (error) {
      // The attempt gave no information: an error such as a full queue must not use up the owner's attempts.
      await attempt?.withdrawn();
      throw error;
    }
    if (matches) await attempt?.succeeded();
    return matches;
  }

  /**
   * Whether a password that was just verified also matches another hash. Does not count as a guess.
   *
   * @throws UnavailableError if the hash queue is full
   */
  async matches(passwordHash: string, password: string): Promise<boolean> {
    return this.hasher.verify(passwordHash, password);
  }

  /**
   * Marks address and device of this request as the owner's, so that guesses of strangers do not delay logins from
   * there.
   */
  async trustClient(email: string): Promise<void> {
    await this.limits.loginThrottle?.trust(this.subject(email), currentGuesser(undefined));
  }

  /** Replaces a hash that is weaker than new ones. A login does not fail because of it. */
  async upgrade({ userId, passwordHash }: User, password: string): Promise<void> {
    if (!this.hasher.isWeak(passwordHash)) return;
    try {
      await this.users.replacePasswordHash(userId, passwordHash, await this.hasher.hash(password));
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      // Without a cause the queue was full, and a stack trace would not help.
      const fields = error.cause === undefined ? { reason: error.message } : { err: error.cause };
      this.logger.warn(fields, 'a weak password hash stays until the next login');
    }
  }

  /** A pseudonym for an email in counters and logs, which must not contain the email itself. */
  subject(email: string): string {
    return createHmac('sha256', this.config.secretKey).update(email).digest('hex').slice(0, SUBJECT_LENGTH);
  }

  private async beginAttempt(email: string, user: User | undefined): Promise<LoginAttempt | undefined> {
    const { loginThrottle } = this.limits;
    if (!loginThrottle) return undefined;
    const guesser = currentGuesser(user);
    const refusal = currentRequest()?.refusalOfStrangers;
    if (refusal && guesser.signIn === undefined) throw refusal;
    return loginThrottle.begin(this.subject(email), guesser);
  }
}

/** The sender of a password. A token of another account proves nothing. */
function currentGuesser(user: User | undefined): Guesser {
  const { address = '', userAgent, signIn } = currentRequest() ?? {};
  return {
    address: clientKey(address),
    device: deviceName(userAgent),
    ...(signIn && signIn.userId === user?.userId && { signIn: signInReference(signIn) }),
  };
}
