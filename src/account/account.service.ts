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

/** How often a hash may be replaced by another hash of the same password during a change. Once is expected. */
const UPGRADES = 3;

/** Reads and changes a user's own account. `AccountDeletionService` deletes it. */
@Injectable()
export class AccountService {
  constructor(
    private readonly users: UsersRepository,
    private readonly signIns: SignInsService,
    private readonly passwords: PasswordsService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws InvalidTokenError if the account no longer exists */
  async profile(caller: Caller): Promise<User> {
    const user = await this.users.findById(caller.userId);
    if (!user) throw new InvalidTokenError();
    return user;
  }

  /**
   * Changes the password and ends all other sessions, in one write.
   *
   * @throws WrongPasswordError if the current password is wrong
   * @throws ValidationError if the new password is not acceptable
   * @throws ConflictError if another request changed it at the same moment
   * @throws InvalidTokenError if the sign-in has ended
   */
  async changePassword(caller: Caller, current: string, replacement: string): Promise<void> {
    // Account and sign-in are read together: an ended sign-in is not a wrong password.
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
      // A login may have replaced the hash by a stronger one of the same password.
      ({ passwordHash } = change);
      const isSame = attempt < UPGRADES && (await this.passwords.matches(passwordHash, current));
      if (!isSame) throw new ConflictError('The password was changed meanwhile');
    }
    this.audit.record('password-changed', { user_id: user.userId });
  }

  /**
   * Verifies the password of the caller's own account.
   *
   * @param failure the event in the audit log for a wrong password
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
