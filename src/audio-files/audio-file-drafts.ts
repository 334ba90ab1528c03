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

/** Of the ids that are made from idempotency keys (RFC 9562 §5.5). Another one would lose every key in use. */
const ID_NAMESPACE = '6f1d2f8e-3c0b-5d6e-9a54-0f9f4b7b1c21';

/** So many versions a record can begin at: two that share an id differ, and there is room for all changes. */
const FIRST_VERSIONS = 2 ** 46;

/** A record to be made. */
export interface CreationRequest {
  readonly details: NewAudioFile;
  /** The same one makes the same record, however often it comes. */
  readonly idempotencyKey?: string | undefined;
}

/** A record that is there now. */
export interface Creation {
  readonly file: AudioFile;
  /** False where an earlier request with the same idempotency key made it. */
  readonly isNew: boolean;
  /** Where its audio is still to be uploaded. */
  readonly upload?: UploadTicket;
}

/** What comes before and after the write of a new record, alone or among others. */
@Injectable()
export class AudioFileDrafts {
  constructor(
    private readonly uploadUrls: UploadUrlsService,
    private readonly store: ObjectStore,
    private readonly keys: ObjectKeys,
    private readonly quota: QuotaService,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /** Where nobody knows whether a record was written, the next hold looks. */
  lost(hold: QuotaHold, ownerId: string): void {
    this.quota.recount(ownerId);
    hold.cancel();
  }

  /**
   * What is to be written for a request.
   *
   * @throws AccessDeniedError for a key in another user's upload folder
   * @throws NotConfiguredError for an upload where there is no bucket
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
      // An id from a key comes again once its record is deleted; its versions, and so its ETags, do not.
      version: idempotencyKey === undefined ? 0 : randomInt(1, FIRST_VERSIONS),
      requestHash: idempotencyKey === undefined ? null : fingerprint(details),
    };
  }

  /**
   * The record that an earlier request with the same key made.
   *
   * @throws IdempotencyKeyReusedError where that had other content
   * @throws UnavailableError where the record was completed or deleted this very moment
   */
  async repeated(draft: Pick<AudioFile, 'ownerId' | 'requestHash'>, earlier: AudioFile): Promise<Creation> {
    if (earlier.ownerId !== draft.ownerId || earlier.requestHash !== draft.requestHash) {
      throw new IdempotencyKeyReusedError();
    }
    const file = earlier.status === 'pending' ? await this.uploadUrls.awaited(earlier) : earlier;
    return { file, isNew: false, ...(await this.ticketOf(file)) };
  }

  /** Notes that a record was written. */
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

/** Id of the record that the key of a user makes. */
export function idOf(ownerId: string, idempotencyKey: string): string {
  return uuidV5(JSON.stringify([ownerId, idempotencyKey]), ID_NAMESPACE);
}

/** Tells requests apart by what they mean, not by how they are written. 128 bits, in the characters of base64url. */
export function fingerprint(details: NewAudioFile): string {
  const { s3Key, fileSize, recordedAt, title, tags, durationSeconds, contentType, checksumSha256 } = details;
  const content = [s3Key, fileSize, recordedAt, title, tags, durationSeconds, contentType, checksumSha256];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}
