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

/** Length of a subject: enough to tell accounts apart, too little to be of other use. */
const SUBJECT_LENGTH = 16;

/** Everything about passwords: what is acceptable, whether one is right, and how they are kept. */
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
   * @param field what the request calls the password
   * @throws ValidationError naming it
   */
  assertAcceptable(password: string, email: Email, field: string): void {
    this.policy.assertAcceptable(password, email, field);
  }

  /**
   * Does work that {@link hash} or {@link verify} comes after: what is going to be refused should cost nothing before.
   *
   * @throws UnavailableError where the hash queue is full
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    return this.hasher.admit(work);
  }

  /** @throws UnavailableError where the hash queue is full */
  async hash(password: string): Promise<string> {
    return this.hasher.hash(password);
  }

  /**
   * Whether the password is that of the account. Guesses are slowed down wherever they are made, by what the request
   * proves of who makes them (see `LoginThrottle`), and the same work is done where there is no account.
   *
   * @param email as the account has it; where there is none, its canonical form, so that no spelling has attempts of its own
   * @throws TooManyRequestsError where too many were wrong before
   * @throws UnavailableError where the hash queue is full
   */
  async verify(email: string, user: User | undefined, password: string): Promise<boolean> {
    const attempt = await this.beginAttempt(email, user);
    let matches: boolean;
    try {
      matches = await this.hasher.verify(user?.passwordHash, password);
    } catch (error) {
      // Nobody learns anything from it: what keeps the owner out, such as a full queue, must not use up attempts too.
      await attempt?.withdrawn();
      throw error;
    }
    if (matches) await attempt?.succeeded();
    return matches;
  }

  /**
   * Whether a password that was right a moment ago is that of another hash. Not counted as a guess.
   *
   * @throws UnavailableError where the hash queue is full
   */
  async matches(passwordHash: string, password: string): Promise<boolean> {
    return this.hasher.verify(passwordHash, password);
  }

  /** Takes address and device of this request for the owner's, so that guesses of strangers do not delay logins there. */
  async trustClient(email: string): Promise<void> {
    await this.limits.loginThrottle?.trust(this.subject(email), currentGuesser(undefined));
  }

  /** Replaces a hash that is weaker than new ones are. A login does not fail for it. */
  async upgrade({ userId, passwordHash }: User, password: string): Promise<void> {
    if (!this.hasher.isWeak(passwordHash)) return;
    try {
      await this.users.replacePasswordHash(userId, passwordHash, await this.hasher.hash(password));
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      // Without a cause the queue was full, of which a stack tells nothing.
      const fields = error.cause === undefined ? { reason: error.message } : { err: error.cause };
      this.logger.warn(fields, 'a weak password hash stays until the next login');
    }
  }

  /** Stands for an email in counters and logs, where the address itself has no business. */
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

/** Who gives a password with this request. A token of another account proves nothing. */
function currentGuesser(user: User | undefined): Guesser {
  const { address = '', userAgent, signIn } = currentRequest() ?? {};
  return {
    address: clientKey(address),
    device: deviceName(userAgent),
    ...(signIn && signIn.userId === user?.userId && { signIn: signInReference(signIn) }),
  };
}
