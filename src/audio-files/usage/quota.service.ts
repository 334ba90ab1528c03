import { Injectable } from '@nestjs/common';
import { QuotaExceededError } from '../../common/errors/domain-errors.js';
import { ExpiringCache } from '../../common/expiring-cache.js';
import { renewDatabaseBudget } from '../../common/request-context.js';
import { AppConfig, type QuotaConfig } from '../../config/config.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFileListRepository } from '../records/audio-file-list.repository.js';

/** How long an instance uses its count, which is also the delay until it sees writes of other instances; seconds. */
const COUNT_SECONDS = 60;
const COUNTED_USERS = 10_000;

interface Totals {
  files: number;
  bytes: number;
}

/** Holds of one user whose write has not ended. */
interface Outstanding extends Totals {
  /** How many of the files may exist already. */
  doubtful: number;
  /** Called when a hold ends. */
  waiting: (() => void)[];
}

/**
 * A hold on the quota. One of the two methods must be called in any case, or the capacity is lost until the process
 * ends. Further calls have no effect.
 */
export interface QuotaHold {
  /** The record was written. */
  keep(): void;
  /** The record was not written. */
  cancel(): void;
}

const UNLIMITED: QuotaHold = { keep: () => undefined, cancel: () => undefined };

/** A running count, and the records written meanwhile, which the count may or may not include. */
interface Counting extends Totals {
  readonly ownerId: string;
  isOvertaken: boolean;
}

/** How often the records are counted if they change during the count. After that the changes are added. */
const COUNTS = 3;

type Charged = Pick<AudioFile, 'ownerId' | 'fileSize'>;

/**
 * Enforces the quota of each user. Costs nothing without a quota. Otherwise the user's records are counted once a
 * minute while the user creates new ones.
 *
 * One instance never exceeds the quota, however many requests are concurrent, as far as the index has the earlier
 * writes. Several instances together may exceed it by what each of them grants within a minute, which the rate limits
 * on creation bound.
 */
@Injectable()
export class QuotaService {
  /** The last count, plus writes and deletes of this instance since then. */
  private readonly totals = new ExpiringCache<Totals>(COUNT_SECONDS, COUNTED_USERS);
  private readonly outstanding = new Map<string, Outstanding>();
  private readonly countings = new Set<Counting>();
  private readonly quota: QuotaConfig;

  constructor(
    private readonly lists: AudioFileListRepository,
    config: AppConfig,
  ) {
    this.quota = config.quota;
  }

  /**
   * Holds quota for a record before it is written.
   *
   * @param doubtful whether the record may exist already, so that the hold will be cancelled. Requests without capacity
   *   wait for such holds
   * @throws QuotaExceededError
   */
  async hold({ ownerId, fileSize }: Charged, doubtful = false): Promise<QuotaHold> {
    const { maxFiles, maxBytes } = this.quota;
    if (maxFiles === undefined && maxBytes === undefined) return UNLIMITED;
    const bytes = fileSize ?? 0;
    for (;;) {
      const counted = await this.totals.getOrLoad(ownerId, () => this.count(ownerId));
      // No `await` between here and the hold, or two requests could both take the last capacity.
      const taken = this.outstanding.get(ownerId);
      const excess = this.excess(counted, taken, bytes);
      if (!excess) return this.take(ownerId, bytes, doubtful);
      if (!taken || taken.doubtful === 0) throw excess;
      await new Promise<void>((resolve) => taken.waiting.push(resolve));
    }
  }

  /** Releases the quota of a deleted record. */
  release({ ownerId, fileSize }: Charged): void {
    this.add(ownerId, -1, -(fileSize ?? 0));
  }

  /** Discards the count of the user's records, because it is unknown what was written. */
  recount(ownerId: string): void {
    this.totals.forget(ownerId);
  }

  private excess(
    counted: Totals | null,
    taken: Outstanding | undefined,
    bytes: number,
  ): QuotaExceededError | undefined {
    const { maxFiles = Infinity, maxBytes = Infinity } = this.quota;
    if ((counted?.files ?? 0) + (taken?.files ?? 0) + 1 > maxFiles) {
      return new QuotaExceededError(`You can keep at most ${maxFiles} audio files`);
    }
    if ((counted?.bytes ?? 0) + (taken?.bytes ?? 0) + bytes > maxBytes) {
      return new QuotaExceededError(`You can keep at most ${maxBytes} bytes of audio`);
    }
    return undefined;
  }

  private take(ownerId: string, bytes: number, doubtful: boolean): QuotaHold {
    const taken = this.outstanding.get(ownerId) ?? { files: 0, bytes: 0, doubtful: 0, waiting: [] };
    this.outstanding.set(ownerId, taken);
    taken.files += 1;
    taken.bytes += bytes;
    if (doubtful) taken.doubtful += 1;
    let isOver = false;
    const end = () => {
      isOver = true;
      taken.files -= 1;
      taken.bytes -= bytes;
      if (doubtful) taken.doubtful -= 1;
      if (taken.files === 0) this.outstanding.delete(ownerId);
      for (const wake of taken.waiting.splice(0)) wake();
    };
    return {
      keep: () => {
        if (isOver) return;
        this.add(ownerId, 1, bytes);
        end();
      },
      cancel: () => {
        if (!isOver) end();
      },
    };
  }

  private add(ownerId: string, files: number, bytes: number): void {
    for (const counting of this.countings) {
      if (counting.ownerId !== ownerId) continue;
      counting.isOvertaken = true;
      counting.files += Math.max(0, files);
      counting.bytes += Math.max(0, bytes);
    }
    const counted = this.totals.get(ownerId);
    if (!counted) return;
    counted.files += files;
    counted.bytes += bytes;
    // Deleted here, but written by another instance since the count. A negative count would admit more than the quota.
    if (counted.files < 0 || counted.bytes < 0) this.totals.forget(ownerId);
  }

  /** Counts again if records were written or deleted meanwhile: the count may or may not include them. */
  private async count(ownerId: string): Promise<Totals> {
    for (let times = 1; ; times++) {
      const counting: Counting = { ownerId, files: 0, bytes: 0, isOvertaken: false };
      this.countings.add(counting);
      try {
        const { files, bytes } = await this.countPages(ownerId);
        if (!counting.isOvertaken) return { files, bytes };
        if (times === COUNTS) return { files: files + counting.files, bytes: bytes + counting.bytes };
      } finally {
        this.countings.delete(counting);
      }
    }
  }

  private async countPages(ownerId: string): Promise<Totals> {
    const totals = { files: 0, bytes: 0 };
    for await (const page of this.lists.countedPages(ownerId)) {
      renewDatabaseBudget();
      totals.files += page.length;
      for (const { fileSize } of page) totals.bytes += fileSize ?? 0;
    }
    return totals;
  }
}
