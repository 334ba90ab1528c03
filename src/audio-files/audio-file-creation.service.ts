import { createHash, randomInt, randomUUID } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import { v5 as uuidV5 } from 'uuid';
import {
  AccessDeniedError,
  DomainError,
  IdempotencyKeyReusedError,
  temporarilyUnavailable,
} from '../common/errors/domain-errors.js';
import { isSuccess, outcomeOf, type Outcome } from '../common/outcome.js';
import { nowSeconds } from '../common/time.js';
import { Metrics } from '../metrics/metrics.js';
import { ObjectStore } from '../storage/object-store.js';
import type { AudioFile, NewAudioFile, UploadableFile } from './audio-file.js';
import { AudioFilesRepository } from './audio-files.repository.js';
import { AudioObjectsService, type UploadTicket } from './audio-objects.service.js';
import { ObjectKeys } from './object-keys.js';
import { QuotaService, type Reservation } from './quota.service.js';

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

/** A record that is about to be written. */
interface Draft {
  readonly creation: Creation;
  readonly reservation: Reservation;
}

/** Makes records, one or many at a time, once for each idempotency key. */
@Injectable()
export class AudioFileCreationService {
  constructor(
    private readonly files: AudioFilesRepository,
    private readonly objects: AudioObjectsService,
    private readonly store: ObjectStore,
    private readonly keys: ObjectKeys,
    private readonly quota: QuotaService,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /**
   * Makes a record for an object that is in S3, or a pending one for an object that is to be uploaded.
   *
   * @throws AccessDeniedError for a key in another user's upload folder
   * @throws NotConfiguredError for an upload where there is no bucket
   * @throws QuotaExceededError where the user has as much as one may have
   * @throws ConflictError where bytes are counted and the object of the caller's own folder is missing, or another one
   * @throws IdempotencyKeyReusedError where the key came before with other content
   */
  async create(ownerId: string, request: CreationRequest): Promise<Creation> {
    const drafted = this.draft(ownerId, request);
    // Before anything is written: without an address there is nothing to do with a pending record.
    const upload = await this.ticketOf(drafted);
    if (request.idempotencyKey === undefined) {
      const draft = await this.objects.measured(drafted);
      const reservation = await this.quota.reserve(draft);
      await this.writing(reservation, draft, () => this.files.create(draft));
      return this.made({ file: draft, isNew: true, ...upload }, reservation);
    }
    const place = await this.reserveOrFind(drafted);
    if ('earlier' in place) return this.repeated(drafted, place.earlier);
    const { draft, reservation } = place;
    const { written, file } = await this.writing(reservation, draft, () => this.files.createIfNew(draft));
    if (written) return this.made({ file: draft, isNew: true, ...upload }, reservation);
    reservation.cancel();
    if (!file) throw temporarilyUnavailable(1);
    return this.repeated(draft, file);
  }

  /**
   * Makes many records, each on its own: what is wrong with one changes nothing for the others.
   *
   * @param requests an error in the place of a request is handed through
   * @returns an outcome for each, in order; `UnavailableError` for what could not be written now
   */
  async createMany(
    ownerId: string,
    requests: readonly Outcome<CreationRequest>[],
  ): Promise<Outcome<Creation>[]> {
    const files = await Promise.all(requests.map((request) => this.plainFile(ownerId, request)));
    // All sizes are known before the first place is taken, so that places are taken in the order of the requests.
    const plain = await Promise.all(files.map((file) => this.plainDraft(file)));
    const drafts = plain.filter((draft) => isSuccess<Draft>(draft));
    const writing = this.files.createMany(drafts.map(({ creation }) => creation.file));
    // One after the other where a key comes twice, so that the first of them is the one that makes the record.
    const turns = new Map<string, Promise<unknown>>();
    const creating = requests.map(async (request, n) => {
      const draft = plain[n];
      if (draft !== undefined) {
        if (draft instanceof DomainError) return draft;
        if (!(await writing).has(draft.creation.file.fileId))
          return this.made(draft.creation, draft.reservation);
        this.lost(draft.reservation, ownerId);
        return temporarilyUnavailable(1);
      }
      const keyed = request as CreationRequest;
      const key = keyed.idempotencyKey as string;
      const before = turns.get(key) ?? Promise.resolve();
      const creation = before.then(() => outcomeOf(() => this.create(ownerId, keyed)));
      turns.set(key, creation);
      return creation;
    });
    return Promise.all(creating);
  }

  /** What is to be written without a condition; `undefined` for a request with a key. */
  private async plainFile(
    ownerId: string,
    request: Outcome<CreationRequest>,
  ): Promise<Outcome<AudioFile> | undefined> {
    if (request instanceof DomainError) return request;
    if (request.idempotencyKey !== undefined) return undefined;
    return outcomeOf(async () => this.objects.measured(this.draft(ownerId, request)));
  }

  private async plainDraft(file: Outcome<AudioFile> | undefined): Promise<Outcome<Draft> | undefined> {
    if (file === undefined || file instanceof DomainError) return file;
    return outcomeOf(async () => {
      const upload = await this.ticketOf(file);
      return { creation: { file, isNew: true, ...upload }, reservation: await this.quota.reserve(file) };
    });
  }

  /** A place for a record that may be there already; or, where there is no room, the record itself if it is. */
  private async reserveOrFind(
    drafted: AudioFile,
  ): Promise<{ draft: AudioFile; reservation: Reservation } | { earlier: AudioFile }> {
    try {
      const draft = await this.objects.measured(drafted);
      return { draft, reservation: await this.quota.reserve(draft, true) };
    } catch (error) {
      // A repeated request is not one more record, and its object may be gone by now.
      const earlier = error instanceof DomainError ? await this.files.findById(drafted.fileId) : undefined;
      if (!earlier) throw error;
      return { earlier };
    }
  }

  private async writing<T>(
    reservation: Reservation,
    { ownerId }: AudioFile,
    write: () => Promise<T>,
  ): Promise<T> {
    try {
      return await write();
    } catch (error) {
      this.lost(reservation, ownerId);
      throw error;
    }
  }

  /** Where nobody knows whether a record was written, the next reservation looks. */
  private lost(reservation: Reservation, ownerId: string): void {
    this.quota.recount(ownerId);
    reservation.cancel();
  }

  private draft(ownerId: string, { details, idempotencyKey }: CreationRequest): AudioFile {
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

  private async repeated(draft: AudioFile, earlier: AudioFile): Promise<Creation> {
    if (earlier.ownerId !== draft.ownerId || earlier.requestHash !== draft.requestHash) {
      throw new IdempotencyKeyReusedError();
    }
    return { file: earlier, isNew: false, ...(await this.ticketOf(earlier)) };
  }

  private made(creation: Creation, reservation: Reservation): Creation {
    reservation.keep();
    this.metrics?.activity('audio-file-created');
    return creation;
  }

  private async ticketOf(file: AudioFile): Promise<Pick<Creation, 'upload'>> {
    return file.status === 'pending' ? { upload: await this.objects.ticketFor(file as UploadableFile) } : {};
  }
}

function idOf(ownerId: string, idempotencyKey: string): string {
  return uuidV5(JSON.stringify([ownerId, idempotencyKey]), ID_NAMESPACE);
}

/** Tells requests apart by what they mean, not by how they are written. 128 bits, in the characters of base64url. */
function fingerprint(details: NewAudioFile): string {
  const { s3Key, fileSize, recordedAt, title, tags, durationSeconds, contentType, checksumSha256 } = details;
  const content = [s3Key, fileSize, recordedAt, title, tags, durationSeconds, contentType, checksumSha256];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
}
