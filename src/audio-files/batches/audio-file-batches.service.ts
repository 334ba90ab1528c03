import { Injectable, Optional } from '@nestjs/common';
import { AccessDeniedError, DomainError, temporarilyUnavailable } from '../../common/errors/domain-errors.js';
import { canonicalId, isUuid, spellingsOf } from '../../common/ids.js';
import { isSuccess, outcomeOf, type Outcome } from '../../common/outcome.js';
import { Metrics } from '../../metrics/metrics.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFilesRepository } from '../records/audio-files.repository.js';
import { notFound } from '../audio-files.service.js';
import { AudioObjectsService } from '../uploads/audio-objects.service.js';
import { QuotaService } from '../usage/quota.service.js';

/** Many records by id, in upper or lower case, each with its own outcome. A repeated id has the same outcome. */
@Injectable()
export class AudioFileBatchesService {
  constructor(
    private readonly files: AudioFilesRepository,
    private readonly objects: AudioObjectsService,
    private readonly quota: QuotaService,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /**
   * The records with these ids.
   *
   * @returns for each id, in order, the record, or `NotFoundError`, `AccessDeniedError` or `UnavailableError`
   */
  async get(ownerId: string, fileIds: readonly string[]): Promise<Outcome<AudioFile>[]> {
    const found = await this.find(ownerId, fileIds);
    return fileIds.map((fileId) => outcomeFor(fileId, found));
  }

  /**
   * Deletes the audio of these records, if it is kept here, and then the records.
   *
   * @returns for each id, in order, the deleted record or an error as for {@link get}
   */
  async delete(ownerId: string, fileIds: readonly string[]): Promise<Outcome<AudioFile>[]> {
    const outcomes = await this.find(ownerId, fileIds);
    const owned = [...outcomes.values()].filter((outcome) => isSuccess<AudioFile>(outcome));
    const kept = await this.removeAudio(owned);
    const gone = owned.filter((file) => !kept.has(file));
    const left = await this.files
      .deleteMany(gone)
      // A count instead of single releases: two concurrent requests may both delete the same record. Also after a
      // failure.
      .finally(() => owned.length > 0 && this.quota.recount(ownerId));
    for (const file of owned) {
      if (kept.has(file) || left.has(file.fileId)) outcomes.set(file.fileId, temporarilyUnavailable(1));
      else this.metrics?.activity('audio-file-deleted');
    }
    return fileIds.map((fileId) => outcomeFor(fileId, outcomes));
  }

  /** Deletes the audio. Returns the records whose audio is still there. */
  private async removeAudio(files: readonly AudioFile[]): Promise<Set<AudioFile>> {
    const outcome = await outcomeOf(() => this.objects.removeMany(files));
    return outcome instanceof DomainError
      ? new Set(files.filter((file) => this.objects.isKept(file)))
      : outcome;
  }

  /** The records, by their stored id. An id that is not found in lower case is looked up as it was sent. */
  private async find(ownerId: string, fileIds: readonly string[]): Promise<Map<string, Outcome<AudioFile>>> {
    const ids = [...new Set(fileIds.filter(isUuid))];
    const outcomes = new Map<string, Outcome<AudioFile>>();
    await this.read(ownerId, new Set(ids.map(canonicalId)), outcomes);
    await this.read(
      ownerId,
      new Set(ids.filter((id) => id !== canonicalId(id) && !outcomes.has(canonicalId(id)))),
      outcomes,
    );
    return outcomes;
  }

  private async read(
    ownerId: string,
    ids: ReadonlySet<string>,
    outcomes: Map<string, Outcome<AudioFile>>,
  ): Promise<void> {
    if (ids.size === 0) return;
    const { files, unprocessed } = await this.files.findByIds([...ids]);
    for (const id of unprocessed) outcomes.set(id, temporarilyUnavailable(1));
    for (const [id, file] of files) {
      outcomes.set(id, file.ownerId === ownerId ? file : new AccessDeniedError());
    }
  }
}

function outcomeFor(fileId: string, found: ReadonlyMap<string, Outcome<AudioFile>>): Outcome<AudioFile> {
  const id = spellingsOf(fileId).find((spelling) => found.has(spelling));
  return (id === undefined ? undefined : found.get(id)) ?? notFound();
}
