import { Injectable } from '@nestjs/common';
import { QuotaExceededError } from '../../common/errors/domain-errors.js';
import { ExpiringCache } from '../../common/expiring-cache.js';
import { renewDatabaseBudget } from '../../common/request-context.js';
import { AppConfig, type QuotaConfig } from '../../config/config.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFileListRepository } from '../records/audio-file-list.repository.js';

/** How long an instance goes by what it counted, and so how late it notices what other instances did; seconds. */
const COUNT_SECONDS = 60;
const COUNTED_USERS = 10_000;

interface Totals {
  files: number;
  bytes: number;
}

/** What is held and not yet known to be written, of one user. */
interface Outstanding extends Totals {
  /** How many of the files may turn out to be there already. */
  doubtful: number;
  /** To be told when a hold ends. */
  waiting: (() => void)[];
}

/**
 * A place in the quota. One of the two is called, whatever else happens, or the place is lost until the process ends. What is
 * called after that counts for nothing.
 */
export interface QuotaHold {
  /** The record was written. */
  keep(): void;
  /** It was not. */
  cancel(): void;
}

const UNLIMITED: QuotaHold = { keep: () => undefined, cancel: () => undefined };

/** A count under way, and what was written meanwhile, which it may have seen or not. */
interface Counting extends Totals {
  readonly ownerId: string;
  isOvertaken: boolean;
}

/** How often one counts while the records change, before what was written meanwhile is added to be sure. */
const COUNTS = 3;

type Charged = Pick<AudioFile, 'ownerId' | 'fileSize'>;

/**
 * Holds users to what one may keep. Costs nothing where there is no quota; otherwise the user's records are counted
 * once a minute while the user makes new ones.
 *
 * One instance lets nobody beyond the quota, however many requests come at once, as far as the index knows what was
 * written before. Several may together let in what each of them grants within a minute, which the limits on creation
 * bound.
 */
@Injectable()
export class QuotaService {
  /** What was counted, and what was written and deleted through this instance since. */
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
   * Takes a place for a record, before it is written.
   *
   * @param doubtful whether the record may be there already, so that the place will be given back: who finds no room
   * waits for such places
   * @throws QuotaExceededError
   */
  async hold({ ownerId, fileSize }: Charged, doubtful = false): Promise<QuotaHold> {
    const { maxFiles, maxBytes } = this.quota;
    if (maxFiles === undefined && maxBytes === undefined) return UNLIMITED;
    const bytes = fileSize ?? 0;
    for (;;) {
      const counted = await this.totals.getOrLoad(ownerId, () => this.count(ownerId));
      // Nothing may be awaited between here and the hold, or two requests could both take the last place.
      const taken = this.outstanding.get(ownerId);
      const excess = this.excess(counted, taken, bytes);
      if (!excess) return this.take(ownerId, bytes, doubtful);
      if (!taken || taken.doubtful === 0) throw excess;
      await new Promise<void>((resolve) => taken.waiting.push(resolve));
    }
  }

  /** Gives back the place of a record that was deleted. */
  release({ ownerId, fileSize }: Charged): void {
    this.add(ownerId, -1, -(fileSize ?? 0));
  }

  /** Has the user's records counted anew: nobody knows any more what was written. */
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
    // Deleted here and written by another instance since: below nothing, it would let in more than the quota.
    if (counted.files < 0 || counted.bytes < 0) this.totals.forget(ownerId);
  }

  /** Counts again where records were written or deleted meanwhile: nobody knows whether the count has them. */
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
