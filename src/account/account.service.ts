import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { PasswordsService } from '../auth/passwords/passwords.service.js';
import { ConflictError, InvalidTokenError, WrongPasswordError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { raiseFor } from '../sessions/sessions.service.js';
import { SignInsService } from '../sessions/sign-ins.service.js';
import { Email } from '../users/email.js';
import type { User } from '../users/user.js';
import { UsersRepository } from '../users/users.repository.js';

/** How often a hash may be replaced by another one of the same password while that is changed; once is to be expected. */
const UPGRADES = 3;

/** What people do with their own account. `AccountDeletionService` ends it. */
@Injectable()
export class AccountService {
  constructor(
    private readonly users: UsersRepository,
    private readonly signIns: SignInsService,
    private readonly passwords: PasswordsService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws InvalidTokenError where the account is gone */
  async profile(caller: Caller): Promise<User> {
    const user = await this.users.findById(caller.userId);
    if (!user) throw new InvalidTokenError();
    return user;
  }

  /**
   * Changes the password and ends all other sessions, in one write.
   *
   * @throws WrongPasswordError where the current one is wrong
   * @throws ValidationError where the new one is not acceptable
   * @throws ConflictError where somebody else changed it at the same moment
   * @throws InvalidTokenError where the sign-in has ended
   */
  async changePassword(caller: Caller, current: string, replacement: string): Promise<void> {
    // Both at once: a sign-in that has ended is no matter of the password.
    const { account: user, proof } = await this.signIns.confirm(caller);
    this.passwords.assertAcceptable(replacement, Email.read(user.email), 'new_password');
    await this.confirm(user, current, 'password-change-failed');
    const hash = await this.passwords.hash(replacement);
    let { passwordHash } = user;
    for (let attempt = 1; ; attempt++) {
      const change = await this.users.changePassword(proof, raiseFor(caller), passwordHash, hash);
      if (change.outcome === 'changed') {
        this.signIns.remember(change.account);
        break;
      }
      this.signIns.doubt(user.userId);
      if (change.outcome === 'sign-in-ended') throw new InvalidTokenError();
      // A login may have put a stronger hash of the same password in its place.
      ({ passwordHash } = change);
      const isSame = attempt < UPGRADES && (await this.passwords.matches(passwordHash, current));
      if (!isSame) throw new ConflictError('The password was changed meanwhile');
    }
    this.audit.record('password-changed', { user_id: user.userId });
  }

  /**
   * Asks for the password of the caller's own account.
   *
   * @param failure what the audit log calls a wrong one
   * @throws WrongPasswordError
   */
  async confirm(
    user: User,
    password: string,
    failure: 'password-change-failed' | 'account-deletion-failed',
  ): Promise<void> {
    if (await this.passwords.verify(user.email, user, password)) return;
    this.audit.record(failure, { user_id: user.userId, reason: 'wrong-password' });
    throw new WrongPasswordError();
  }
}
