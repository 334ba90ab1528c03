import { forEachAtMost } from '../common/concurrency.js';
import type { ListedObject } from '../storage/object-store.js';
import { QUARANTINE_DAYS, QUARANTINE_FOLDER } from '../config/reserved-keys.js';
import { type Bucket, BucketError } from './bucket.js';

const DAY = 24 * 60 * 60;

/** Objects copied simultaneously. */
const PARALLEL = 20;

/** Which objects were copied, and which S3 refused to copy, with its reason. */
export interface Copies {
  readonly copied: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, BucketError>;
}

/**
 * Where what is removed stays for {@link QUARANTINE_DAYS} days, under `quarantine/{date}/{key}`: outside of the folders of
 * uploads, where nobody is given an address for it.
 *
 * Objects are copied there, not tagged: a tagged object would still be downloaded, counted, and deleted under a record
 * that was made for it meanwhile, and several stores beside AWS know no tags. Both are one request for each object.
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

  /** Copies objects into quarantine. Repeated on the same day, it changes nothing. Those that are gone are left out. */
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

  /** Deletes for good what is out of date, where no lifecycle rule of the bucket has. Returns how many there were. */
  async expire(): Promise<number> {
    const oldest = dateOf(this.now - QUARANTINE_DAYS * DAY);
    let expired = 0;
    for await (const page of this.bucket.pages(`${QUARANTINE_FOLDER}/`)) {
      const keys = page.map(({ key }) => key);
      const old = keys.filter((key) => isBefore(key.split('/', 2)[1] ?? '', oldest));
      expired += old.length - (await this.bucket.deleteMany(old)).size;
      // They come in the order of their dates.
      if (old.length < keys.length) break;
    }
    return expired;
  }
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Only of a date of ours. */
function isBefore(date: string, other: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(date) && date < other;
}
