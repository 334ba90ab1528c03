import { Injectable, Optional } from '@nestjs/common';
import { Semaphore } from '../../common/concurrency.js';
import {
  AccessDeniedError,
  ConflictError,
  type FieldError,
  NotFoundError,
  temporarilyUnavailable,
  ValidationError,
} from '../../common/errors/domain-errors.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { ObjectStore } from '../../storage/object-store.js';
import type { SignedUrl } from '../../storage/presigner.js';
import { differenceOf } from './upload-check.js';
import type { AudioFile, UploadableFile } from '../records/audio-file.js';
import { AudioFilesRepository } from '../records/audio-files.repository.js';
import { downloadHeaders } from './download-headers.js';
import { ObjectKeys } from '../records/object-keys.js';
import { QuotaService } from '../usage/quota.service.js';

const UPLOAD_SECONDS = 15 * 60;
/** From this age on a pending record is noted to be in use: the reconciliation takes none for old within an hour. */
const RENEW_AFTER_SECONDS = 30 * 60;
const DOWNLOAD_SECONDS = 5 * 60;

/** New records whose objects are looked at simultaneously, of all requests: a batch has up to 100. */
const PARALLEL_LOOKS = 20;

const NOT_UPLOADED = 'The audio has not been uploaded yet';

/** How a client uploads audio that was announced. */
export interface UploadTicket extends SignedUrl {
  readonly method: 'PUT';
  /** To be sent exactly so; S3 refuses any other type, length or content. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a client says of audio that it is going to upload. */
export type Announcement = Partial<Pick<UploadableFile, 'fileSize' | 'contentType'>>;

/** The audio behind the records: addresses to upload and download it, and its end. */
@Injectable()
export class AudioObjectsService {
  private readonly looks = new Semaphore(PARALLEL_LOOKS);
  private readonly countsBytes: boolean;
  /** Where the store knows it: S3 answers 412 where the object is there, and an address cannot replace it. */
  private readonly onlyNew: Readonly<Record<string, string>>;

  constructor(
    private readonly store: ObjectStore,
    private readonly files: AudioFilesRepository,
    private readonly keys: ObjectKeys,
    private readonly quotas: QuotaService,
    { quota, storage }: AppConfig,
    @Optional() private readonly metrics?: Metrics,
  ) {
    this.countsBytes = quota.maxBytes !== undefined;
    this.onlyNew = storage.conditionalWrites ? { 'If-None-Match': '*' } : {};
  }

  /**
   * An address that takes exactly what the record announces, once: key, length, type, and the content where its checksum
   * is known.
   *
   * @throws NotConfiguredError, UnavailableError
   */
  async ticketFor({ s3Key, fileSize, contentType, checksumSha256 }: UploadableFile): Promise<UploadTicket> {
    return this.ticket(s3Key, {
      'Content-Type': contentType,
      'Content-Length': String(fileSize),
      ...(checksumSha256 !== null && {
        'x-amz-checksum-sha256': Buffer.from(checksumSha256, 'hex').toString('base64'),
      }),
      ...this.onlyNew,
    });
  }

  /**
   * A pending record that is to be uploaded to now: one that is old counts as new again, so that `npm run reconcile` does
   * not remove it during the upload. Costs 2 write units where it is old, and nothing otherwise.
   *
   * @throws UnavailableError where it is not pending any more
   */
  async awaited(file: AudioFile): Promise<AudioFile> {
    const now = nowSeconds();
    if (Math.max(file.uploadedAt, file.ticketAt ?? 0) + RENEW_AFTER_SECONDS > now) return file;
    const { written, file: renewed } = await this.files.renewTicket(file, now);
    // A repeated request finds out how it ended.
    if (!written || !renewed) throw temporarilyUnavailable(1);
    return renewed;
  }

  /**
   * The record of an object as it is to be written. Where bytes are counted, those of an object in a folder of the owner
   * are counted by S3, and the record has size and ETag as S3 has them. Costs nothing otherwise.
   *
   * @throws ConflictError where the audio is missing, or is not what the client says of it
   */
  async measured(file: AudioFile): Promise<AudioFile> {
    if (!this.countsBytes || file.status === 'pending' || !this.isKept(file)) return file;
    const object = await this.looks.run(() => this.store.head(file.s3Key));
    if (!object) throw new ConflictError(NOT_UPLOADED);
    // Apps of this kind upload without a checksum: only one that S3 has can be wrong.
    const said = object.sha256 === undefined ? { ...file, checksumSha256: null } : file;
    const difference = differenceOf(said, object);
    if (difference !== undefined) throw new ConflictError(`The uploaded audio ${difference}`);
    return { ...file, fileSize: object.size, objectEtag: object.etag };
  }

  /**
   * Makes a pending record ready, once its audio is in S3. Done already, it does nothing.
   *
   * @returns the record with size and ETag as S3 has them
   * @throws ConflictError where the audio is missing, or is not what was announced
   * @throws NotFoundError where the record was deleted meanwhile
   */
  async complete(file: AudioFile): Promise<AudioFile> {
    if (file.status === 'ready') return file;
    const object = await this.store.head(file.s3Key);
    if (!object) throw new ConflictError(NOT_UPLOADED);
    const difference = differenceOf(file, object);
    if (difference !== undefined) throw new ConflictError(`The uploaded audio ${difference}`);
    const { written, file: now, isBeingDeleted } = await this.files.complete(file, object);
    // Not written by us: another request, or an earlier try of this one, was faster.
    if (now?.ownerId !== file.ownerId) throw new NotFoundError('Audio file not found');
    if (isBeingDeleted) throw new ConflictError('The audio file is being deleted');
    if (written) this.metrics?.activity('upload-completed');
    // Changed since it was read, or deleted and made anew: what it announces now is what counts.
    return now.status === 'pending' ? this.complete(now) : now;
  }

  /**
   * An address to download the audio from, in ranges too, as a file of the record's type.
   *
   * @throws AccessDeniedError for a key that is not in a folder of the owner: anybody may name it in a record
   * @throws ConflictError where the audio has not been uploaded
   */
  async downloadUrl(file: AudioFile): Promise<SignedUrl> {
    this.store.assertConfigured();
    if (!this.keys.isOwn(file.ownerId, file.s3Key)) throw new AccessDeniedError();
    if (file.status === 'pending') throw new ConflictError(NOT_UPLOADED);
    this.metrics?.activity('download');
    const request = { method: 'GET', key: file.s3Key, expiresInSeconds: DOWNLOAD_SECONDS } as const;
    return this.store.sign({ ...request, query: downloadHeaders(file) });
  }

  /**
   * An address to upload to a key of one's own, for the app that makes its records afterwards: anything, or exactly what
   * is announced, which is required where bytes are counted; there it replaces nothing either. For the key of a record,
   * what its ticket allows. Costs 1 read unit for a key of that form, and a count of the quota once a minute for others.
   *
   * @throws ValidationError where an announcement is required and incomplete
   * @throws QuotaExceededError where there would be no room for its record
   * @throws AccessDeniedError for a key that is not in a folder of the user
   * @throws ConflictError for the key of a record that does not wait for its audio
   */
  async uploadUrl(
    userId: string,
    key: string,
    { fileSize, contentType }: Announcement = {},
  ): Promise<SignedUrl | UploadTicket> {
    this.store.assertConfigured();
    const isAnnounced = fileSize !== undefined && contentType !== undefined;
    if (!isAnnounced) this.assertNothingMissing(fileSize, contentType);
    if (!this.keys.isOwn(userId, key)) throw new AccessDeniedError();
    const fileId = this.keys.fileIdOf(userId, key);
    if (fileId !== undefined) {
      const file = await this.awaited(await this.pendingFile(userId, fileId, key));
      return this.ticketFor(file as UploadableFile);
    }
    if (!isAnnounced) return this.store.sign({ method: 'PUT', key, expiresInSeconds: UPLOAD_SECONDS });
    // Only looked at: the place is taken when the record is made, which a client may never do.
    if (this.countsBytes) (await this.quotas.hold({ ownerId: userId, fileSize })).cancel();
    const headers = { 'Content-Type': contentType, 'Content-Length': String(fileSize) };
    return this.ticket(key, { ...headers, ...(this.countsBytes && this.onlyNew) });
  }

  /** Whether the audio is kept in a folder of the owner, and so goes with the record. */
  isKept({ ownerId, s3Key }: AudioFile): boolean {
    return this.store.isConfigured && this.keys.isOwn(ownerId, s3Key);
  }

  /**
   * Deletes the audio of a record, where it is kept here; not the object of another record, see {@link removeMany}. Succeeds
   * where there is none.
   *
   * @throws UnavailableError
   */
  async remove(file: AudioFile): Promise<void> {
    if (!this.isKept(file)) return;
    const { theirs, unknown } = await this.namedByOthers([file]);
    if (unknown.size > 0) throw temporarilyUnavailable(1);
    if (theirs.size === 0) await this.store.delete(file.s3Key);
  }

  /**
   * Deletes the audio of many records. An object that is named by the id of another record stays with that one: with the
   * object gone, that record's upload URL would take another content. Costs 1 read unit for a key of that form.
   *
   * @returns the records whose audio could not be deleted now
   */
  async removeMany(files: readonly AudioFile[]): Promise<Set<AudioFile>> {
    const { theirs, unknown } = await this.namedByOthers(files.filter((file) => this.isKept(file)));
    const kept = files.filter((file) => this.isKept(file) && !theirs.has(file) && !unknown.has(file));
    if (kept.length === 0) return unknown;
    const failed = await this.store.deleteMany([...new Set(kept.map(({ s3Key }) => s3Key))]);
    return new Set([...unknown, ...kept.filter(({ s3Key }) => failed.has(s3Key))]);
  }

  /**
   * Deletes everything in the folders of a user, also what no record names.
   *
   * @param onRemoved is told how many went with each page
   * @throws UnavailableError where something could not be deleted now
   */
  async removeAll(userId: string, onRemoved: (count: number) => void): Promise<void> {
    if (!this.store.isConfigured) return;
    for (const prefix of this.keys.prefixesOf(userId)) {
      for await (const page of this.store.pages(prefix)) {
        await this.store.deleteAll(page.map(({ key }) => key));
        onRemoved(page.length);
      }
    }
  }

  /** Those whose object has the name, and is the audio, of another record; and those of which that could not be asked now. */
  private async namedByOthers(
    files: readonly AudioFile[],
  ): Promise<{ theirs: Set<AudioFile>; unknown: Set<AudioFile> }> {
    const named = files.flatMap((file) => {
      const id = this.keys.fileIdOf(file.ownerId, file.s3Key);
      return id === undefined || id === file.fileId ? [] : [{ file, id }];
    });
    if (named.length === 0) return { theirs: new Set(), unknown: new Set() };
    const { files: found, unprocessed } = await this.files.findByIds([...new Set(named.map(({ id }) => id))]);
    const isTheirs = ({ file, id }: (typeof named)[number]) => found.get(id)?.s3Key === file.s3Key;
    return {
      theirs: new Set(named.filter(isTheirs).map(({ file }) => file)),
      unknown: new Set(named.filter(({ id }) => unprocessed.has(id)).map(({ file }) => file)),
    };
  }

  private async ticket(key: string, headers: UploadTicket['headers']): Promise<UploadTicket> {
    const request = { method: 'PUT', key, headers, expiresInSeconds: UPLOAD_SECONDS } as const;
    return { ...(await this.store.sign(request)), method: 'PUT', headers };
  }

  private assertNothingMissing(fileSize: number | undefined, contentType: string | undefined): void {
    const isPart = fileSize !== undefined || contentType !== undefined;
    if (!this.countsBytes && !isPart) return;
    const missing = [
      ...(fileSize === undefined ? ['file_size'] : []),
      ...(contentType === undefined ? ['content_type'] : []),
    ].map((field): FieldError => ({ field, message: `${field} is required` }));
    throw new ValidationError(missing as [FieldError, ...FieldError[]]);
  }

  private async pendingFile(userId: string, fileId: string, key: string): Promise<UploadableFile> {
    const file = await this.files.findById(fileId);
    if (file?.ownerId !== userId || file.s3Key !== key || file.status !== 'pending') {
      throw new ConflictError('No record of yours that awaits its audio has this key');
    }
    return file as UploadableFile;
  }
}
