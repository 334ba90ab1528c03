import { createHash, randomInt, randomUUID } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import { v5 as uuidV5 } from 'uuid';
import { AccessDeniedError, IdempotencyKeyReusedError } from '../common/errors/domain-errors.js';
import { nowSeconds } from '../common/time.js';
import { Metrics } from '../metrics/metrics.js';
import { ObjectStore } from '../storage/object-store.js';
import type { AudioFile, NewAudioFile, UploadableFile } from './records/audio-file.js';
import { UploadUrlsService, type UploadTicket } from './uploads/upload-urls.service.js';
import { ObjectKeys } from './records/object-keys.js';
import { QuotaService, type QuotaHold } from './usage/quota.service.js';

/**
 * Namespace of the ids that are derived from idempotency keys (RFC 9562 §5.5). A change would invalidate every key in
 * use.
 */
const ID_NAMESPACE = '6f1d2f8e-3c0b-5d6e-9a54-0f9f4b7b1c21';

/** The range of first versions: records that share an id differ in version, and enough versions remain for changes. */
const FIRST_VERSIONS = 2 ** 46;

/** A record to create. */
export interface CreationRequest {
  readonly details: NewAudioFile;
  /** Requests with the same key create the same record once. */
  readonly idempotencyKey?: string | undefined;
}

/** The result of a creation. */
export interface Creation {
  readonly file: AudioFile;
  /** False if an earlier request with the same idempotency key created it. */
  readonly isNew: boolean;
  /** Present if the audio is not uploaded yet. */
  readonly upload?: UploadTicket;
}

/** The steps before and after the write of a new record, for single records and batches. */
@Injectable()
export class AudioFileDrafts {
  constructor(
    private readonly uploadUrls: UploadUrlsService,
    private readonly store: ObjectStore,
    private readonly keys: ObjectKeys,
    private readonly quota: QuotaService,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /** Ends a hold when it is unknown whether the record was written. The next hold counts again. */
  lost(hold: QuotaHold, ownerId: string): void {
    this.quota.recount(ownerId);
    hold.cancel();
  }

  /**
   * The record to write for a request.
   *
   * @throws AccessDeniedError for a key in another user's upload folder
   * @throws NotConfiguredError for an upload if there is no bucket
   */
  draft(ownerId: string, { details, idempotencyKey }: CreationRequest): AudioFile {
    const { s3Key, ...rest } = details;
    if (s3Key === undefined) this.store.assertConfigured();
    else if (!this.keys.isOpenTo(ownerId, s3Key)) throw new AccessDeniedError();
    const fileId = idempotencyKey === undefined ? randomUUID() : idOf(ownerId, idempotencyKey);
    return {
      ...rest,
      fileId,
      ownerId,
      status: s3Key === undefined ? 'pending' : 'ready',
      s3Key: s3Key ?? this.keys.forUpload(ownerId, fileId, details.contentType ?? ''),
      uploadedAt: nowSeconds(),
      objectEtag: null,
      // An id derived from a key is used again after its record is deleted. Its versions, and so its ETags, are not.
      version: idempotencyKey === undefined ? 0 : randomInt(1, FIRST_VERSIONS),
      requestHash: idempotencyKey === undefined ? null : fingerprint(details),
    };
  }

  /**
   * The record that an earlier request with the same key created.
   *
   * @throws IdempotencyKeyReusedError if the earlier request had other content
   * @throws UnavailableError if the record was completed or deleted at this moment
   */
  async repeated(draft: Pick<AudioFile, 'ownerId' | 'requestHash'>, earlier: AudioFile): Promise<Creation> {
    if (earlier.ownerId !== draft.ownerId || earlier.requestHash !== draft.requestHash) {
      throw new IdempotencyKeyReusedError();
    }
    const file = earlier.status === 'pending' ? await this.uploadUrls.awaited(earlier) : earlier;
    return { file, isNew: false, ...(await this.ticketOf(file)) };
  }

  /** Records that the record was written. */
  made(creation: Creation, hold: QuotaHold): Creation {
    hold.keep();
    this.metrics?.activity('audio-file-created');
    return creation;
  }

  /** How the audio of a pending record is uploaded. */
  async ticketOf(file: AudioFile): Promise<Pick<Creation, 'upload'>> {
    return file.status === 'pending'
      ? { upload: await this.uploadUrls.ticketFor(file as UploadableFile) }
      : {};
  }
}

/** Id of the record that an idempotency key of a user creates. */
export function idOf(ownerId: string, idempotencyKey: string): string {
  return uuidV5(JSON.stringify([ownerId, idempotencyKey]), ID_NAMESPACE);
}

/** A fingerprint of what a request means, independent of how it is written. 128 bits in base64url. */
export function fingerprint(details: NewAudioFile): string {
  const { s3Key, fileSize, recordedAt, title, tags, durationSeconds, contentType, checksumSha256 } = details;
  const content = [s3Key, fileSize, recordedAt, title, tags, durationSeconds, contentType, checksumSha256];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}
