import { Injectable } from '@nestjs/common';
import {
  AccessDeniedError,
  ConflictError,
  type FieldError,
  temporarilyUnavailable,
  ValidationError,
} from '../../common/errors/domain-errors.js';
import { nowSeconds } from '../../common/time.js';
import { AppConfig } from '../../config/config.js';
import { ObjectStore } from '../../storage/object-store.js';
import type { SignedUrl } from '../../storage/presigner.js';
import type { AudioFile, UploadableFile } from '../records/audio-file.js';
import { AudioFilesRepository } from '../records/audio-files.repository.js';
import { ObjectKeys } from '../records/object-keys.js';
import { QuotaService } from '../usage/quota.service.js';

const UPLOAD_SECONDS = 15 * 60;
/** A pending record of this age is marked as in use. The reconciliation removes none that is newer than an hour. */
const RENEW_AFTER_SECONDS = 30 * 60;

/** How a client uploads announced audio. */
export interface UploadTicket extends SignedUrl {
  readonly method: 'PUT';
  /** The client must send exactly these. S3 refuses any other type, length or content. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a client announces about audio that it is going to upload. */
export type Announcement = Partial<Pick<UploadableFile, 'fileSize' | 'contentType'>>;

/** Presigned URLs for uploads. */
@Injectable()
export class UploadUrlsService {
  private readonly countsBytes: boolean;
  /** With this header S3 answers 412 if the object exists. Empty for object stores that do not support it. */
  private readonly onlyNew: Readonly<Record<string, string>>;

  constructor(
    private readonly store: ObjectStore,
    private readonly files: AudioFilesRepository,
    private readonly keys: ObjectKeys,
    private readonly quotas: QuotaService,
    { quota, storage }: AppConfig,
  ) {
    this.countsBytes = quota.maxBytes !== undefined;
    this.onlyNew = storage.conditionalWrites ? { 'If-None-Match': '*' } : {};
  }

  /**
   * A URL that accepts exactly what the record announces, once: key, length, type, and the content if the checksum is
   * known.
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
   * Prepares a pending record for an upload. An old record counts as new again, so that `npm run reconcile` does not remove
   * it during the upload. Costs 2 write units if the record is old, and nothing otherwise.
   *
   * @throws UnavailableError if the record is no longer pending
   */
  async awaited(file: AudioFile): Promise<AudioFile> {
    const now = nowSeconds();
    if (Math.max(file.uploadedAt, file.ticketAt ?? 0) + RENEW_AFTER_SECONDS > now) return file;
    const { written, file: renewed } = await this.files.renewTicket(file, now);
    // When the client retries, the request reads the record again.
    if (!written || !renewed) throw temporarilyUnavailable(1);
    return renewed;
  }

  /**
   * A URL to upload to a key of the user, for apps that create the record afterwards. It accepts any content, or exactly
   * what is announced. If bytes are counted, the announcement is required and the URL replaces no object. For the key of a
   * record, the URL accepts what the ticket of the record accepts. Costs 1 read unit for a key of that form. For other
   * keys it costs a count of the quota at most once a minute.
   *
   * @throws ValidationError if an announcement is required and incomplete
   * @throws QuotaExceededError if the quota has no capacity for the record
   * @throws AccessDeniedError for a key that is not in a folder of the user
   * @throws ConflictError for the key of a record that is not pending
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
    // A check only: the quota is held when the client creates the record, which it may never do.
    if (this.countsBytes) (await this.quotas.hold({ ownerId: userId, fileSize })).cancel();
    const headers = { 'Content-Type': contentType, 'Content-Length': String(fileSize) };
    return this.ticket(key, { ...headers, ...(this.countsBytes && this.onlyNew) });
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
