import { forEachAtMost } from '../common/concurrency.js';
import type { ListedObject } from '../storage/object-store.js';
import { QUARANTINE_DAYS, QUARANTINE_FOLDER } from '../config/reserved-keys.js';
import { type Bucket, BucketError } from './bucket.js';

const DAY = 24 * 60 * 60;

/** Concurrent copies. */
const PARALLEL = 20;

/** Which objects were copied, and which S3 refused to copy, with the reason. */
export interface Copies {
  readonly copied: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, BucketError>;
}

/**
 * Where removed objects stay for {@link QUARANTINE_DAYS} days, at `quarantine/{date}/{key}`: outside of the upload
 * folders, where no client gets a URL for them.
 *
 * Objects are copied and not tagged: a tagged object could still be downloaded, would be counted, and would be deleted
 * under a record that was created for it meanwhile. Several S3-compatible stores do not support tags. Both take one
 * request for each object.
 */
export class Quarantine {
  private readonly folder: string;

  /** @param now Unix seconds */
  constructor(
    private readonly bucket: Bucket,
    private readonly now: number,
  ) {
    this.folder = `${QUARANTINE_FOLDER}/${dateOf(now)}`;
  }

  /**
   * Copies objects into quarantine. Repeated on the same day, it changes nothing. Objects that no longer exist are
   * skipped.
   */
  async copy(objects: readonly ListedObject[]): Promise<Copies> {
    const copied = new Set<string>();
    const refused = new Map<string, BucketError>();
    await forEachAtMost(PARALLEL, objects, async (object) => {
      try {
        if (await this.bucket.copy(object, `${this.folder}/${object.key}`)) copied.add(object.key);
      } catch (error) {
        if (!(error instanceof BucketError && error.isRefusal)) throw error;
        refused.set(object.key, error);
      }
    });
    return { copied, refused };
  }

  /** Permanently deletes expired objects, if no lifecycle rule of the bucket has done so. Returns their number. */
  async expire(): Promise<number> {
    const oldest = dateOf(this.now - QUARANTINE_DAYS * DAY);
    let expired = 0;
    for await (const page of this.bucket.pages(`${QUARANTINE_FOLDER}/`)) {
      const keys = page.map(({ key }) => key);
      const old = keys.filter((key) => isBefore(key.split('/', 2)[1] ?? '', oldest));
      expired += old.length - (await this.bucket.deleteMany(old)).size;
      // They are listed in the order of their dates.
      if (old.length < keys.length) break;
    }
    return expired;
  }
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Only for a date of the right form. */
function isBefore(date: string, other: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(date) && date < other;
}
