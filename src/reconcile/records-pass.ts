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

/** Records checked in S3, or repaired, concurrently. */
const PARALLEL = 20;

/** The attributes that are read. */
const ATTRIBUTES = [
  ...['file_id', 'user_id', 's3_key', 'file_size', 'uploaded_at', 'recorded_at', 'status', 'version'],
  ...['checksum_sha256', 'object_etag', 'ticket_at'],
];

/** Scans the records and finds those without an account, and those that are pending for too long. */
export class RecordsPass {
  recordsWithoutAccount = 0;
  recordsOfObjects = 0;

  /**
   * @param outlying collects keys in the folder of a user that a record names although it is not in the index of that
   *   user: a record of another user, or one without an attribute of the index. The service creates no such record
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

  /** The record; `undefined`, and reported, if a required attribute is missing. */
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

  /** An S3 refusal for one record is reported and does not stop the run. */
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

  /** The object is deleted first: after an interrupted run the record is still found. */
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
    // An object of another size is left to the pass over the objects, which moves it when it is old and has no record:
    // its owner may be replacing it at this moment and completing the record.
    this.context.remove(object && !this.context.apply ? 2 : 1);
    if (this.context.apply && !(await this.repository.deletePending(file))) return;
    this.context.report.abandoned++;
    this.find('pending', file, object ? `the object ${difference}` : 'no object', 'deleted');
  }

  private async complete(file: AudioFile, object: StoredObject): Promise<boolean> {
    const { written, file: now } = await retryWhileUnavailable(() => this.files.complete(file, object));
    // An earlier attempt whose response was lost.
    return written || (now?.status === 'ready' && now.version === file.version + 1);
  }

  /** Whether the audio is in a folder of the owner, and is therefore deleted with the record. */
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
