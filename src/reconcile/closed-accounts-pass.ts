import { SWEEP_DELAY_SECONDS } from '../account/sweep-delay.js';
import type { ObjectKeys } from '../audio-files/records/object-keys.js';
import type { AudioFilesRepository } from '../audio-files/records/audio-files.repository.js';
import { retryWhileUnavailable } from '../database/retry.js';
import type { TableDefinition } from '../database/tables.js';
import { type ClosedAccount, toClosedAccount } from '../users/closed-account.js';
import type { ClosedAccountsRepository } from '../users/closed-accounts.repository.js';
import { type Bucket, BucketError } from './bucket.js';
import type { ReconcileRepository } from './reconcile.repository.js';
import type { PassContext } from './pass-context.js';
import { printable } from './report.js';

/**
 * Sweeps deleted accounts that no instance of the service has swept, for example because it was stopped: removes
 * objects that were uploaded with an earlier URL, and rows that concurrent requests have written. See
 * `ClosedAccountsService`.
 */
export class ClosedAccountsPass {
  /**
   * @param now Unix seconds
   * @param tables whose rows of the account are deleted too, see `tablesToSweep`
   */
  constructor(
    private readonly repository: ReconcileRepository,
    private readonly files: AudioFilesRepository,
    private readonly closed: ClosedAccountsRepository,
    private readonly bucket: Bucket,
    private readonly keys: ObjectKeys,
    private readonly context: PassContext,
    private readonly now: number,
    private readonly tables: readonly TableDefinition[],
  ) {}

  async run(): Promise<void> {
    const { report } = this.context;
    for await (const rows of this.repository.pages(this.repository.tables.users, ['user_id', 'closed_at'])) {
      for (const row of rows) {
        const account = toClosedAccount(row);
        if (!account || account.closedAt + SWEEP_DELAY_SECONDS > this.now) continue;
        if (this.context.apply ? !(await this.swept(account)) : !(await this.counted(account))) continue;
        report.swept++;
        this.find(account, 'deleted, and not swept since', 'swept');
      }
    }
  }

  /** Counts what a sweep would remove. */
  private async counted({ userId }: ClosedAccount): Promise<true> {
    for (const prefix of this.keys.prefixesOf(userId)) {
      for await (const page of this.bucket.pages(prefix)) this.context.remove(page.length);
    }
    this.context.remove((await this.repository.idsOfOwner(userId)).size);
    for (const table of this.tables) {
      for await (const keys of this.repository.rowKeysOf(userId, table)) this.context.remove(keys.length);
    }
    return true;
  }

  /** The row is deleted last: an interrupted run is found by it. */
  private async swept(account: ClosedAccount): Promise<boolean> {
    const { userId } = account;
    try {
      for (const prefix of this.keys.prefixesOf(userId)) {
        for await (const page of this.bucket.pages(prefix)) {
          this.context.remove(page.length);
          const left = await this.bucket.deleteMany(page.map(({ key }) => key));
          if (left.size > 0) return this.failed(account, `S3 did not delete ${left.size} objects`);
        }
      }
    } catch (error) {
      // The error is about this account only.
      if (!(error instanceof BucketError && error.isRefusal)) throw error;
      return this.failed(account, printable(error.message));
    }
    for (const fileId of await this.repository.idsOfOwner(userId)) {
      this.context.remove(1);
      await retryWhileUnavailable(() => this.files.delete(fileId, userId));
    }
    for (const table of this.tables) {
      for await (const keys of this.repository.rowKeysOf(userId, table)) {
        this.context.remove(keys.length);
        for (const key of keys) await this.repository.deleteRow(key, table);
      }
    }
    await retryWhileUnavailable(() => this.closed.delete(account));
    return true;
  }

  private failed(account: ClosedAccount, problem: string): false {
    this.context.report.failed++;
    this.find(account, problem);
    return false;
  }

  private find({ userId, closedAt }: ClosedAccount, problem: string, mended?: string): void {
    this.context.onFinding({
      ...{ kind: 'account', key: printable(userId), problem, ageHours: this.context.hoursSince(closedAt) },
      ...(this.context.apply && mended !== undefined && { mended }),
    });
  }
}
