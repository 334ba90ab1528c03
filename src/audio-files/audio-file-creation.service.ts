import { Injectable } from '@nestjs/common';
import { DomainError, temporarilyUnavailable } from '../common/errors/domain-errors.js';
import type { AudioFile } from './records/audio-file.js';
import { AudioFileDrafts, type Creation, type CreationRequest } from './audio-file-drafts.js';
import { AudioFilesRepository } from './records/audio-files.repository.js';
import { UploadedAudioService } from './uploads/uploaded-audio.service.js';
import { QuotaService, type QuotaHold } from './usage/quota.service.js';

/** Creates single records, once for each idempotency key. */
@Injectable()
export class AudioFileCreationService {
  constructor(
    private readonly drafts: AudioFileDrafts,
    private readonly files: AudioFilesRepository,
    private readonly audio: UploadedAudioService,
    private readonly quota: QuotaService,
  ) {}

  /**
   * Creates a record for an object that is in S3, or a pending one for an object that is to be uploaded.
   *
   * @throws AccessDeniedError for a key in another user's upload folder
   * @throws NotConfiguredError for an upload if there is no bucket
   * @throws QuotaExceededError if the user has reached the quota
   * @throws ConflictError if bytes are counted and the object in the caller's own folder is missing or differs
   * @throws IdempotencyKeyReusedError if the key was used before with other content
   */
  async create(ownerId: string, request: CreationRequest): Promise<Creation> {
    const drafted = this.drafts.draft(ownerId, request);
    // Before anything is written: a pending record is useless without an upload URL.
    const upload = await this.drafts.ticketOf(drafted);
    if (request.idempotencyKey === undefined) {
      const draft = await this.audio.measured(drafted);
      const hold = await this.quota.hold(draft);
      await this.writing(hold, draft, () => this.files.create(draft));
      return this.drafts.made({ file: draft, isNew: true, ...upload }, hold);
    }
    const place = await this.holdOrFind(drafted);
    if ('earlier' in place) return this.drafts.repeated(drafted, place.earlier);
    const { draft, hold } = place;
    const { written, file } = await this.writing(hold, draft, () => this.files.createIfNew(draft));
    if (written) return this.drafts.made({ file: draft, isNew: true, ...upload }, hold);
    hold.cancel();
    if (!file) throw temporarilyUnavailable(1);
    return this.drafts.repeated(draft, file);
  }

  /**
   * Holds quota for a record that may exist already. If the hold fails, returns the existing record, if there is one.
   */
  private async holdOrFind(
    drafted: AudioFile,
  ): Promise<{ draft: AudioFile; hold: QuotaHold } | { earlier: AudioFile }> {
    try {
      const draft = await this.audio.measured(drafted);
      return { draft, hold: await this.quota.hold(draft, true) };
    } catch (error) {
      // A repeated request needs no more quota, and its object may have been deleted meanwhile.
      const earlier = error instanceof DomainError ? await this.files.findById(drafted.fileId) : undefined;
      if (!earlier) throw error;
      return { earlier };
    }
  }

  private async writing<T>(hold: QuotaHold, { ownerId }: AudioFile, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      this.drafts.lost(hold, ownerId);
      throw error;
    }
  }
}
