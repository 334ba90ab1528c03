import { differenceOf } from '../audio-files/uploads/upload-check.js';
import type { AudioFile } from '../audio-files/records/audio-file.js';
import { type AudioFileRow, toAudioFile } from '../audio-files/records/audio-file.row.js';
import type { AudioFilesRepository } from '../audio-files/records/audio-files.repository.js';
import { retryWhileUnavailable } from '../database/retry.js';
import type { Row } from '../database/table-scan.js';
import type { StoredObject } from '../storage/object-store.js';
import { unreadableAudioFile } from '../audio-files/records/row-checks.js';
import type { AudioFolders } from './audio-folders.js';
import { type Bucket, BucketError } from './bucket.js';
import type { Quarantine } from './quarantine.js';
import type { ReconcileRepository } from './reconcile.repository.js';
import type { PassContext } from './pass-context.js';
import { printable } from './report.js';

/** Records looked at in S3, or mended, simultaneously. */
const PARALLEL = 20;

/** What is read of a record. */
const ATTRIBUTES = [
  ...['file_id', 'user_id', 's3_key', 'file_size', 'uploaded_at', 'recorded_at', 'status', 'version'],
  ...['checksum_sha256', 'object_etag', 'ticket_at'],
];

/** Scans the records for those that have no account, and for those that are pending for too long. */
export class RecordsPass {
  recordsWithoutAccount = 0;
  recordsOfObjects = 0;

  /**
   * @param outlying gathers keys in the folder of a user that a record names without being among that user's in the
   * index: one of somebody else, or one that lacks an attribute of the index. The service makes no such record.
   */
  constructor(
    private readonly repository: ReconcileRepository,
    private readonly files: AudioFilesRepository,
    private readonly bucket: Bucket,
    private readonly quarantine: Quarantine,
    private readonly folders: AudioFolders,
    private readonly outlying: Set<string>,
    private readonly context: PassContext,
  ) {}

  async run(): Promise<void> {
    const { report, onProgress } = this.context;
    for await (const rows of this.repository.pages(this.repository.tables.audioFiles, ATTRIBUTES)) {
      report.records += rows.length;
      const files = rows.flatMap((row) => this.readable(row) ?? []);
      const ownerless = await this.repository.withoutAccount(files.map(({ ownerId }) => ownerId));
      for (let start = 0; start < files.length; start += PARALLEL) {
        const slice = files.slice(start, start + PARALLEL);
        await Promise.all(slice.map((file) => this.lookSafely(file, ownerless.has(file.ownerId))));
      }
      onProgress({ reading: 'records', count: report.records });
    }
  }

  /** The record; `undefined`, and reported, where it lacks what every record has. */
  private readable(row: Row): AudioFile | undefined {
    const { s3_key: key, user_id: userId, uploaded_at: uploadedAt } = row;
    const owner = typeof key === 'string' ? this.folders.placeOf(key)?.owner : undefined;
    const isIndexed = typeof uploadedAt === 'number' && userId === owner;
    if (owner !== undefined && !isIndexed) this.outlying.add(key as string);
    const [problem] = unreadableAudioFile(row);
    if (problem === undefined) return toAudioFile(row as unknown as AudioFileRow);
    this.context.report.unreadable++;
    this.context.onFinding({ kind: 'record', key: printable(String(row['file_id'])), problem });
    return undefined;
  }

  /** What S3 refuses about one record is reported, and stops nothing else. */
  private async lookSafely(file: AudioFile, isOwnerless: boolean): Promise<void> {
    try {
      await this.look(file, isOwnerless);
    } catch (error) {
      if (!(error instanceof BucketError && error.isRefusal)) throw error;
      this.context.report.failed++;
      this.find(isOwnerless ? 'record' : 'pending', file, printable(error.message));
    }
  }

  private async look(file: AudioFile, isOwnerless: boolean): Promise<void> {
    const isOld = Math.max(file.uploadedAt, file.ticketAt ?? 0) < this.context.cutoff;
    if (isOwnerless) {
      this.recordsWithoutAccount++;
      if (isOld) await this.lookAtOwnerless(file);
    } else if (file.status === 'pending') {
      if (isOld) await this.lookAtPending(file);
    } else if (this.isKept(file)) {
      this.recordsOfObjects++;
    }
  }

  /** The object first: a run that stops in between leaves the record to find it by. */
  private async lookAtOwnerless(file: AudioFile): Promise<void> {
    const hasAudio = this.isKept(file) && !this.outlying.has(file.s3Key);
    this.context.remove(hasAudio ? 2 : 1);
    if (this.context.apply) {
      if (hasAudio) await this.moveAudio(file.s3Key);
      const outcome = await retryWhileUnavailable(() => this.files.delete(file.fileId, file.ownerId));
      if (outcome === 'not-owner') return;
    }
    this.context.report.ownerless++;
    this.find('record', file, 'no account', 'deleted');
  }

  private async moveAudio(key: string): Promise<void> {
    const object = { key, size: 0, modifiedAt: 0 };
    const { copied, refused } = await this.quarantine.copy([object]);
    const refusal = refused.get(key);
    if (refusal) throw refusal;
    if (copied.has(key)) await this.bucket.delete(key);
  }

  private async lookAtPending(file: AudioFile): Promise<void> {
    const object = await this.bucket.head(file.s3Key);
    const difference = object && differenceOf(file, object);
    if (object && difference === undefined) {
      if (this.context.apply && !(await this.complete(file, object))) return;
      this.context.report.completed++;
      this.find('pending', file, 'the object is there as announced', 'made ready');
      return;
    }
    // The object of another size stays for the pass over the objects, which moves it once it is old and has no
    // record: its owner may be replacing it this very moment, and making the record ready.
    this.context.remove(object && !this.context.apply ? 2 : 1);
    if (this.context.apply && !(await this.repository.deletePending(file))) return;
    this.context.report.abandoned++;
    this.find('pending', file, object ? `the object ${difference}` : 'no object', 'deleted');
  }

  private async complete(file: AudioFile, object: StoredObject): Promise<boolean> {
    const { written, file: now } = await retryWhileUnavailable(() => this.files.complete(file, object));
    // An earlier try of which only the answer was lost.
    return written || (now?.status === 'ready' && now.version === file.version + 1);
  }

  /** Whether the audio lies in a folder of the owner, and so goes with the record. */
  private isKept({ ownerId, s3Key }: AudioFile): boolean {
    return this.folders.placeOf(s3Key)?.owner === ownerId;
  }

  private find(kind: 'pending' | 'record', file: AudioFile, problem: string, mended?: string): void {
    this.context.onFinding({
      ...{ kind, key: file.fileId, problem, ageHours: this.context.hoursSince(file.uploadedAt) },
      ...(this.context.apply && mended !== undefined && { mended }),
    });
  }
}
