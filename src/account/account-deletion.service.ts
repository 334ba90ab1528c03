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

/** Maximum duration of a deletion in one request. Proxies often time out after 30 s. Milliseconds. */
const DELETION_LIMIT_MS = 20_000;

/** Number of items that a deletion removed. The account itself counts as one in `users`. */
export type DeletionReceipt = RemovedContents;

/** Deletes accounts. */
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
   * Deletes the account and everything that belongs to it. First, one write closes the account and ends all other
   * sessions, so that nothing more is added. Then audio, records and sessions are deleted page by page. Last, one
   * transaction deletes the account and its email claim. If the deletion is interrupted, the user can still sign in,
   * and the same request continues it.
   *
   * @returns what this request removed
   * @throws WrongPasswordError if the password is wrong
   * @throws InvalidTokenError if the sign-in has ended
   * @throws UnavailableError if there is more than one request can remove, or the database or S3 is unavailable
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
    // The caller's own session is last, so that the request can be repeated until here. Without an account it grants no
    // access.
    await this.contents.removeLast(caller, removed);
    return { ...removed, users: 1 };
  }
}
