import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from '../common/logging/logger.js';
import { nowSeconds } from '../common/time.js';
import { ClosedAccountsRepository } from '../users/closed-accounts.repository.js';
import { AccountContents } from './account-contents.js';
import { SWEEP_DELAY_SECONDS } from './sweep-delay.js';

/** How often this instance looks whether a sweep is due; milliseconds. */
const LOOK_EVERY_MS = 60_000;

/** Accounts that are remembered; `npm run reconcile` sweeps those beyond, and those of an instance that was stopped. */
const MAX_PENDING = 10_000;

/**
 * Sweeps accounts some time after their deletion: removes what was uploaded by a URL from before, and what a request
 * that was under way has written. The instance that deleted an account sweeps it, without being asked.
 */
@Injectable()
export class ClosedAccountsService implements OnApplicationShutdown {
  /** When each is due, by user id, the earliest first; Unix seconds. */
  private readonly pending = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly closed: ClosedAccountsRepository,
    private readonly contents: AccountContents,
    private readonly logger: Logger,
  ) {}

  /**
   * Has an account swept that was just deleted.
   *
   * @param closedAt Unix seconds
   */
  schedule(userId: string, closedAt: number): void {
    if (this.pending.size >= MAX_PENDING) return;
    this.pending.set(userId, closedAt + SWEEP_DELAY_SECONDS);
    // Nothing to look for, no timer: an idle service has no wakeups.
    this.timer ??= setInterval(() => void this.sweepDue(), LOOK_EVERY_MS).unref();
  }

  /**
   * Sweeps what is due, one account after the other. What fails is tried again at the next look.
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
   * Sweeps an account, unless it was swept already, or its time has not come. The row that tells of it goes last: a sweep
   * that stops is found by it.
   *
   * @param now Unix seconds
   * @throws UnavailableError where the database or S3 cannot serve now
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
