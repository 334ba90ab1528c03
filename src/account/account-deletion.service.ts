import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { InvalidTokenError, UnavailableError } from '../common/errors/domain-errors.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { renewDatabaseBudget } from '../common/request-context.js';
import { nowSeconds } from '../common/time.js';
import { raiseFor } from '../sessions/sessions.service.js';
import { SignInsService } from '../sessions/sign-ins.service.js';
import { UsersRepository } from '../users/users.repository.js';
import { AccountContents, type RemovedContents } from './account-contents.js';
import { AccountService } from './account.service.js';
import { ClosedAccountsService } from './closed-accounts.service.js';

/** How long one request may go on deleting; proxies tend to give up after 30 s. Milliseconds. */
const DELETION_LIMIT_MS = 20_000;

/** How many of each thing a deletion removed; of the account itself, in `users`, one. */
export type DeletionReceipt = RemovedContents;

/** Ends accounts. */
@Injectable()
export class AccountDeletionService {
  constructor(
    private readonly account: AccountService,
    private readonly users: UsersRepository,
    private readonly signIns: SignInsService,
    private readonly contents: AccountContents,
    private readonly closedAccounts: ClosedAccountsService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Deletes the account and everything that belongs to it. First, in one write, the account is closed and all other sessions
   * end: nothing is added to it any more. Then audio, records and sessions go, page by page; last, in one transaction, the
   * account and the claim of its email. Wherever it stops, the account is still there to sign in to, and the same
   * request goes on where it stopped.
   *
   * @returns what this request removed
   * @throws WrongPasswordError where the password is wrong
   * @throws InvalidTokenError where the sign-in has ended
   * @throws UnavailableError where there is more than one request can remove, or the database or S3 cannot serve now
   */
  async delete(caller: Caller, password: string): Promise<DeletionReceipt> {
    const { account: user, proof } = await this.signIns.confirm(caller);
    await this.account.confirm(user, password, 'account-deletion-failed');
    const end = performance.now() + DELETION_LIMIT_MS;
    const proceed = () => {
      if (performance.now() > end)
        throw new UnavailableError('Deletion is under way; send the request again', 1);
      renewDatabaseBudget();
    };
    const closed = await this.users.close(proof, raiseFor(caller), nowSeconds());
    if (!closed) {
      this.signIns.doubt(user.userId);
      throw new InvalidTokenError();
    }
    this.signIns.remember(closed);
    const removed = this.contents.none();
    await this.contents.remove(user.userId, caller.sessionId, removed, proceed);
    const closedAt = nowSeconds();
    await this.users.delete(user, closedAt);
    this.closedAccounts.schedule(user.userId, closedAt);
    this.signIns.forget(user.userId);
    this.audit.record('account-deleted', { user_id: user.userId });
    renewDatabaseBudget();
    // The caller's own, last, so that the request could be repeated until here. Without an account it lets nobody in.
    await this.contents.removeLast(caller, removed);
    return { ...removed, users: 1 };
  }
}
