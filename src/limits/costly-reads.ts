import { Injectable } from '@nestjs/common';
import { TooManyRequestsError, UnavailableError } from '../common/errors/domain-errors.js';
import { AppConfig } from '../config/config.js';

/** What a client is told that has too many at once: as good as a window of a second. */
const POLICY = 'costly-reads-at-once';
const RETRY_AFTER_SECONDS = 1;

/** The costly reads that are being answered in this process. */
@Injectable()
export class CostlyReads {
  private readonly max: number;
  private readonly maxOfOne: number;
  private readonly ofUser = new Map<string, number>();
  private underWay = 0;

  constructor({ overload }: AppConfig) {
    this.max = overload.maxCostlyReads || Infinity;
    this.maxOfOne = overload.maxCostlyReadsOfUser || Infinity;
  }

  /**
   * Takes a place for one.
   *
   * @returns gives the place back; to be called once
   * @throws TooManyRequestsError where the user has too many
   * @throws UnavailableError where there are too many in all
   */
  begin(userId: string): () => void {
    const ofUser = this.ofUser.get(userId) ?? 0;
    if (ofUser >= this.maxOfOne) {
      throw new TooManyRequestsError({
        policy: POLICY,
        quota: this.maxOfOne,
        windowSeconds: RETRY_AFTER_SECONDS,
        consumed: ofUser + 1,
        remaining: 0,
        resetSeconds: RETRY_AFTER_SECONDS,
      });
    }
    if (this.underWay >= this.max) throw new UnavailableError('The service is busy', RETRY_AFTER_SECONDS);
    this.underWay++;
    this.ofUser.set(userId, ofUser + 1);
    return () => this.end(userId);
  }

  private end(userId: string): void {
    this.underWay--;
    const left = (this.ofUser.get(userId) ?? 1) - 1;
    if (left === 0) this.ofUser.delete(userId);
    else this.ofUser.set(userId, left);
  }
}
