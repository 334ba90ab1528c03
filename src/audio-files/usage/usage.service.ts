import { Injectable } from '@nestjs/common';
import { UnavailableError } from '../../common/errors/domain-errors.js';
import { renewDatabaseBudget } from '../../common/request-context.js';
import { toIso } from '../../common/time.js';
import { AppConfig, type QuotaConfig } from '../../config/config.js';
import { AudioFileListRepository, type CountedFile } from '../records/audio-file-list.repository.js';
import { baseType } from '../records/object-keys.js';

/** Maximum duration of a count in one request; milliseconds. */
const COUNTING_LIMIT_MS = 20_000;

/** Maximum of media types in the result. A client can invent any number of them. */
export const MAX_TYPES = 1000;

/** Totals of a set of records. */
export interface Amount {
  count: number;
  /** Of audio that the service has checked in S3. */
  bytesVerified: number;
  /** Of audio that only a client has announced. */
  bytesClaimed: number;
}

/** Totals of a user. */
export interface Usage {
  readonly total: Amount;
  /** By month of the upload (`2025-09`, in UTC), oldest first. */
  readonly byMonth: ReadonlyMap<string, Amount>;
  /** By media type without parameters; `null` if unknown. Largest count first, at most {@link MAX_TYPES}. */
  readonly byContentType: ReadonlyMap<string | null, Amount>;
  readonly quota: QuotaConfig;
}

/** Totals about what a user keeps. */
@Injectable()
export class UsageService {
  private readonly quota: QuotaConfig;

  constructor(
    private readonly lists: AudioFileListRepository,
    config: AppConfig,
  ) {
    this.quota = config.quota;
  }

  /**
   * Counts the user's records. Costs 0.5 read units for each 4 KB of them.
   *
   * @throws UnavailableError if there are more than one request can count
   */
  async of(ownerId: string): Promise<Usage> {
    const end = performance.now() + COUNTING_LIMIT_MS;
    const total = nothing();
    const months = new Map<string, Amount>();
    const types = new Map<string | null, Amount>();
    for await (const page of this.lists.countedPages(ownerId)) {
      if (performance.now() > end) throw new UnavailableError('There are too many records to count now', 60);
      renewDatabaseBudget();
      for (const file of page) {
        add(total, file);
        add(entry(months, toIso(file.uploadedAt).slice(0, 7)), file);
        add(entry(types, file.contentType === null ? null : baseType(file.contentType)), file);
      }
    }
    const byCount = [...types].sort(([, a], [, b]) => b.count - a.count).slice(0, MAX_TYPES);
    return { total, byMonth: months, byContentType: new Map(byCount), quota: this.quota };
  }
}

function nothing(): Amount {
  return { count: 0, bytesVerified: 0, bytesClaimed: 0 };
}

function entry<Key>(amounts: Map<Key, Amount>, key: Key): Amount {
  const amount = amounts.get(key) ?? nothing();
  amounts.set(key, amount);
  return amount;
}

function add(amount: Amount, { fileSize, objectEtag }: CountedFile): void {
  amount.count += 1;
  if (objectEtag === null) amount.bytesClaimed += fileSize ?? 0;
  else amount.bytesVerified += fileSize ?? 0;
}
