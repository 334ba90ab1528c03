import { Injectable } from '@nestjs/common';
import { QuotaExceededError } from '../common/errors/domain-errors.js';
import { ExpiringCache } from '../common/expiring-cache.js';
import { renewDatabaseBudget } from '../common/request-context.js';
import { AppConfig, type QuotaConfig } from '../config/config.js';
import type { AudioFile } from './audio-file.js';
import { AudioFileListRepository } from './audio-file-list.repository.js';

/** How long an instance goes by what it counted, and so how late it notices what other instances did; seconds. */
const COUNT_SECONDS = 60;
const COUNTED_USERS = 10_000;

/** What a user has, own reservations of this instance included. */
interface Totals {
  files: number;
  bytes: number;
}

type Charged = Pick<AudioFile, 'ownerId' | 'fileSize'>;

/**
 * Holds users to what one may keep. Costs nothing where there is no quota; otherwise the user's records are counted
 * once a minute while the user makes new ones.
 *
 * One instance lets nobody beyond the quota, however many requests come at once. Several may together let in what
 * each of them grants within a minute, which the limit on creation bounds.
 */
@Injectable()
export class QuotaService {
  private readonly totals = new ExpiringCache<Totals>(COUNT_SECONDS, COUNTED_USERS);
  private readonly quota: QuotaConfig;

  constructor(
    private readonly lists: AudioFileListRepository,
    config: AppConfig,
  ) {
    this.quota = config.quota;
  }

  /**
   * Counts a new record, before it is written.
   *
   * @throws QuotaExceededError
   */
  async reserve({ ownerId, fileSize }: Charged): Promise<void> {
    const { maxFiles, maxBytes } = this.quota;
    if (maxFiles === undefined && maxBytes === undefined) return;
    const totals = await this.totals.getOrLoad(ownerId, () => this.count(ownerId));
    const bytes = fileSize ?? 0;
    // Nothing may be awaited from here on, or two requests could both take the last place.
    if (totals === null) return;
    if (maxFiles !== undefined && totals.files + 1 > maxFiles) {
      throw new QuotaExceededError(`You can keep at most ${maxFiles} audio files`);
    }
    if (maxBytes !== undefined && totals.bytes + bytes > maxBytes) {
      throw new QuotaExceededError(`You can keep at most ${maxBytes} bytes of audio`);
    }
    totals.files += 1;
    totals.bytes += bytes;
  }

  /** Takes back a reservation whose record was not written, or whose record is gone. */
  release({ ownerId, fileSize }: Charged): void {
    const totals = this.totals.get(ownerId);
    if (!totals) return;
    totals.files -= 1;
    totals.bytes -= fileSize ?? 0;
  }

  private async count(ownerId: string): Promise<Totals> {
    const totals = { files: 0, bytes: 0 };
    for await (const page of this.lists.countedPages(ownerId)) {
      renewDatabaseBudget();
      totals.files += page.length;
      for (const { fileSize } of page) totals.bytes += fileSize ?? 0;
    }
    return totals;
  }
}
