import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from '../common/logging/logger.js';
import { nowSeconds } from '../common/time.js';
import { AppConfig } from '../config/config.js';
import { ClosedAccountsRepository } from '../users/closed-accounts.repository.js';
import { AccountContents } from './account-contents.js';
import { SWEEP_DELAY_SECONDS } from './sweep-delay.js';

/** How often this instance checks whether a sweep is due; milliseconds. */
const LOOK_EVERY_MS = 60_000;

/** Maximum of remembered accounts. `npm run reconcile` sweeps the others, and those of a stopped instance. */
const MAX_PENDING = 10_000;

/**
 * Sweeps accounts some time after their deletion: removes objects that were uploaded with an earlier URL, and rows that
 * concurrent requests have written. The instance that deleted an account also sweeps it.
 */
@Injectable()
export class ClosedAccountsService implements OnApplicationShutdown {
  /** When each sweep is due, by user id, the earliest first; Unix seconds. */
  private readonly pending = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly closed: ClosedAccountsRepository,
    private readonly contents: AccountContents,
    private readonly logger: Logger,
    private readonly config: AppConfig,
  ) {}

  /**
   * Schedules the sweep of a deleted account.
   *
   * @param closedAt Unix seconds
   */
  schedule(userId: string, closedAt: number): void {
    // A timer would fire at the next request, at its cost: on Lambda a schedule sweeps.
    if (this.config.serverless || this.pending.size >= MAX_PENDING) return;
    this.pending.set(userId, closedAt + SWEEP_DELAY_SECONDS);
    // The timer runs only if a sweep is pending, so that an idle service has no wakeups.
    this.timer ??= setInterval(() => void this.sweepDue(), LOOK_EVERY_MS).unref();
  }

  /**
   * Sweeps the accounts that are due, one after the other. A failed sweep is retried at the next check.
   *
   * @param now Unix seconds
   */
  async sweepDue(now = nowSeconds()): Promise<void> {
    for (const [userId, due] of this.pending) {
      if (due > now) continue;
      this.pending.delete(userId);
      try {
        await this.sweep(userId, now);
      } catch (error) {
        this.logger.warn(
          { err: error, user_id: userId },
          'a deleted account could not be swept; trying again',
        );
        this.pending.set(userId, now);
      }
    }
    if (this.pending.size === 0) this.stop();
  }

  /**
   * Sweeps an account, unless it was swept already or is not due yet. The row of the closed account is deleted last: an
   * interrupted sweep is found by it.
   *
   * @param now Unix seconds
   * @throws UnavailableError if the database or S3 is unavailable
   */
  async sweep(userId: string, now: number): Promise<void> {
    const account = await this.closed.findById(userId);
    if (!account || account.closedAt + SWEEP_DELAY_SECONDS > now) return;
    const removed = this.contents.none();
    await this.contents.remove(userId, undefined, removed, () => undefined);
    await this.closed.delete(account);
    this.logger.info({ user_id: userId, ...removed }, 'a deleted account was swept');
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
