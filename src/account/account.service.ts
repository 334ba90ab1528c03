import { Injectable } from '@nestjs/common';
import { AudioFilesService } from '../audio-files/audio-files.service.js';
import { AudioObjectsService } from '../audio-files/audio-objects.service.js';
import { AuditLog } from '../audit/audit-log.js';
import { PasswordsService } from '../auth/passwords/passwords.service.js';
import {
  ConflictError,
  InvalidTokenError,
  UnavailableError,
  WrongPasswordError,
} from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { renewDatabaseBudget } from '../common/request-context.js';
import { raiseFor, SessionsService } from '../sessions/sessions.service.js';
import type { User } from '../users/user.js';
import { UsersRepository } from '../users/users.repository.js';

/** How long one request may go on deleting; proxies tend to give up after 30 s. Milliseconds. */
const DELETION_LIMIT_MS = 20_000;

/** How many of each thing a deletion removed. */
export interface DeletionReceipt {
  /** In S3. */
  objects: number;
  audioFiles: number;
  sessions: number;
  users: number;
}

/** What people do with their own account. */
@Injectable()
export class AccountService {
  constructor(
    private readonly users: UsersRepository,
    private readonly sessions: SessionsService,
    private readonly audioFiles: AudioFilesService,
    private readonly audioObjects: AudioObjectsService,
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
   */
  async changePassword(caller: Caller, current: string, replacement: string): Promise<void> {
    const user = await this.profile(caller);
    await this.passwords.assertAcceptable(replacement, user.email, 'new_password');
    await this.confirm(user, current, 'password-change-failed');
    const hash = await this.passwords.hash(replacement);
    const changed = await this.users.replacePasswordHash(
      user.userId,
      user.passwordHash,
      hash,
      raiseFor(caller),
    );
    if (!changed) throw new ConflictError('The password was changed meanwhile');
    this.sessions.remember(changed);
    this.audit.record('password-changed', { user_id: user.userId });
  }

  /**
   * Deletes the account and everything that belongs to it. First all other sessions end; then audio, records and
   * sessions go, page by page; last, in one transaction, the account and the reservation of its email. Wherever it stops, the
   * account is still there to sign in to, and the same request goes on where it stopped.
   *
   * @returns what this request removed
   * @throws WrongPasswordError where the password is wrong
   * @throws UnavailableError where there is more than one request can remove, or the database or S3 cannot serve now
   */
  async delete(caller: Caller, password: string): Promise<DeletionReceipt> {
    const user = await this.profile(caller);
    await this.confirm(user, password, 'account-deletion-failed');
    const receipt: DeletionReceipt = { objects: 0, audioFiles: 0, sessions: 0, users: 0 };
    const end = performance.now() + DELETION_LIMIT_MS;
    const proceed = () => {
      if (performance.now() > end)
        throw new UnavailableError('Deletion is under way; send the request again', 1);
      renewDatabaseBudget();
    };
    const locked = await this.users.raiseGeneration(user.userId, raiseFor(caller));
    if (locked) this.sessions.remember(locked);
    const removeRecords = () =>
      this.audioFiles.removeAll(user.userId, (count) => {
        receipt.audioFiles += count;
        proceed();
      });
    // The audio before the records that tell of it.
    await this.audioObjects.removeAll(user.userId, (count) => {
      receipt.objects += count;
      proceed();
    });
    await removeRecords();
    await this.sessions.removeAll(user.userId, caller.sessionId, (count) => {
      receipt.sessions += count;
      proceed();
    });
    // What another session was about to record when it ended.
    await removeRecords();
    await this.users.delete(user);
    receipt.users = 1;
    this.sessions.forget(user.userId);
    this.audit.record('account-deleted', { user_id: user.userId });
    renewDatabaseBudget();
    // The caller's own, last, so that the request could be repeated until here. Without an account it lets nobody in.
    receipt.sessions += await this.sessions.endLast(caller);
    return receipt;
  }

  private async confirm(
    user: User,
    password: string,
    failure: 'password-change-failed' | 'account-deletion-failed',
  ): Promise<void> {
    if (await this.passwords.verify(user.email, user, password)) return;
    this.audit.record(failure, { user_id: user.userId, reason: 'wrong-password' });
    throw new WrongPasswordError();
  }
}
