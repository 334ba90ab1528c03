import { Injectable, Optional } from '@nestjs/common';
import {
  AccessDeniedError,
  ConflictError,
  NotFoundError,
  PreconditionFailedError,
  temporarilyUnavailable,
  ValidationError,
} from '../common/errors/domain-errors.js';
import { isUuid, spellingsOf } from '../common/ids.js';
import { endOfSecond } from '../common/time.js';
import { Metrics } from '../metrics/metrics.js';
import type { AudioFile, AudioFileChanges, AudioFilePage, ListRequest } from './records/audio-file.js';
import { AudioFileListRepository } from './records/audio-file-list.repository.js';
import { AudioFilesRepository } from './records/audio-files.repository.js';
import type { DeleteOutcome } from './records/conditional-writes.js';
import { AudioObjectsService } from './uploads/audio-objects.service.js';
import { QuotaService } from './usage/quota.service.js';

/** Records that a filtered page reads in one step, and in total. */
const FILTER_STEP = 100;
const FILTER_REACH = 500;

/** Attempts of a delete if the record is changed concurrently. */
const MOST_TRIES = 4;

/** The rules of audio-file records. */
@Injectable()
export class AudioFilesService {
  constructor(
    private readonly files: AudioFilesRepository,
    private readonly lists: AudioFileListRepository,
    private readonly objects: AudioObjectsService,
    private readonly quota: QuotaService,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /**
   * A page of the owner's records. With a filter, a page may be short or empty although the list continues: a page
   * reads 500 records at most.
   *
   * @throws ValidationError if the page begins outside of the requested range
   */
  async list(ownerId: string, request: ListRequest): Promise<AudioFilePage> {
    assertWithin(request);
    if (Object.values(request.filter).every((wanted) => wanted === undefined)) {
      return this.lists.page(ownerId, request, request.limit);
    }
    const files: AudioFile[] = [];
    let { after } = request;
    for (let seen = 0; seen < FILTER_REACH; seen += FILTER_STEP) {
      const rest = { ...request, after, limit: request.limit - files.length };
      const page = await this.lists.page(ownerId, rest, FILTER_STEP);
      files.push(...page.files);
      after = page.next;
      if (after === undefined || files.length === request.limit) break;
    }
    return { files, ...(after && { next: after }) };
  }

  /**
   * The record with this id, in upper or lower case, if it belongs to the owner.
   *
   * @param toRead whether the request only reads the record, so that it may come from the cache
   * @throws NotFoundError if there is none
   * @throws AccessDeniedError if it belongs to another user
   */
  async getOwned(fileId: string, ownerId: string, toRead: boolean): Promise<AudioFile> {
    const find = (id: string) => (toRead ? this.files.findCachedById(id) : this.files.findById(id));
    let file: AudioFile | undefined;
    for (const id of isUuid(fileId) ? spellingsOf(fileId) : []) file ??= await find(id);
    if (!file) throw notFound();
    if (file.ownerId !== ownerId) throw new AccessDeniedError();
    return file;
  }

  /**
   * Changes title and tags. Writes nothing if they are equal already.
   *
   * @param unchanged whether the record must not have changed since it was read
   * @throws PreconditionFailedError if it has changed
   * @throws NotFoundError if it was deleted meanwhile
   * @throws ConflictError if its deletion has begun
   */
  async change(file: AudioFile, changes: AudioFileChanges, unchanged: boolean): Promise<AudioFile> {
    if (isAlready(file, changes)) return file;
    const outcome = await this.files.change(file, changes, unchanged);
    const { written, repeated, file: now } = outcome;
    if (now?.ownerId !== file.ownerId) throw notFound();
    if (outcome.isBeingDeleted) throw new ConflictError('The audio file is being deleted');
    // An earlier attempt of this write, whose response was lost, is not another change.
    const isOurs = repeated && now.version === file.version + 1 && isAlready(now, changes);
    if (!written && !isOurs) throw new PreconditionFailedError();
    return now;
  }

  /**
   * Deletes the audio, if it is kept here, and then the record. If it is interrupted in between, the same request
   * finishes it. The condition of the write repeats owner and version: a record that was created again meanwhile, with
   * audio of its own, is not deleted without that audio. With `unchanged`, the record is marked before its audio is
   * deleted, so that nothing is deleted if the record has changed.
   *
   * @param unchanged whether the record must not have changed since it was read
   * @throws PreconditionFailedError if it has changed
   * @throws NotFoundError if another request was faster
   * @throws UnavailableError if S3 is unavailable, and then nothing is deleted; if the record is changed again and
   *   again
   */
  async delete(file: AudioFile, unchanged = false): Promise<void> {
    if (unchanged && this.objects.isKept(file)) await this.beginDelete(file);
    let now: AudioFile = file;
    for (let tries = 1; ; tries++) {
      const outcome = await this.deleteAt(now);
      if (outcome === 'deleted') break;
      if (outcome === 'not-found') throw notFound();
      if (outcome === 'not-owner') throw new AccessDeniedError();
      if (unchanged) throw new PreconditionFailedError();
      // Changed, or deleted and created again: the current record has audio of its own.
      if (tries === MOST_TRIES) throw temporarilyUnavailable(1);
      now = await this.getOwned(file.fileId, file.ownerId, false);
    }
    this.quota.release(now);
    this.metrics?.activity('audio-file-deleted');
  }

  /** Deletes the audio, and the record if it is unchanged since it was read. */
  private async deleteAt(file: AudioFile): Promise<DeleteOutcome> {
    await this.objects.remove(file);
    return this.files.delete(file.fileId, file.ownerId, file).catch((error: unknown) => {
      // It is unknown whether the record was deleted.
      this.quota.recount(file.ownerId);
      throw error;
    });
  }

  private async beginDelete(file: AudioFile): Promise<void> {
    const { written, file: now } = await this.files.beginDelete(file);
    if (written) return;
    if (now?.ownerId !== file.ownerId) throw notFound();
    throw new PreconditionFailedError();
  }

  /** All records of the owner, oldest first, in pages. */
  pages(ownerId: string): AsyncGenerator<AudioFile[]> {
    return this.lists.pagesByOwner(ownerId);
  }

  /**
   * Removes every record of the owner, page by page. `AudioObjectsService.removeAll` removes the audio before.
   *
   * @param onRemoved called after each page with the number of removed records
   */
  async removeAll(ownerId: string, onRemoved: (count: number) => void): Promise<void> {
    for await (const page of this.lists.pagesByOwner(ownerId)) {
      const outcomes = await Promise.all(page.map(({ fileId }) => this.files.delete(fileId, ownerId)));
      onRemoved(outcomes.filter((outcome) => outcome === 'deleted').length);
    }
  }
}

export function notFound(): NotFoundError {
  return new NotFoundError('Audio file not found');
}

/** DynamoDB refuses a start key outside of the range. The bounds must be exactly those of the query. */
function assertWithin({ after, uploaded: { from = -Infinity, to = Infinity } }: ListRequest): void {
  if (after === undefined || (after.uploadedAt >= from && after.uploadedAt <= endOfSecond(to))) return;
  throw new ValidationError([
    { field: 'cursor', message: 'cursor must be within uploaded_from and uploaded_to' },
  ]);
}

function isAlready(file: AudioFile, { title, tags }: AudioFileChanges): boolean {
  const sameTags = tags === undefined || JSON.stringify(tags) === JSON.stringify(file.tags);
  return sameTags && (title === undefined || title === file.title);
}
