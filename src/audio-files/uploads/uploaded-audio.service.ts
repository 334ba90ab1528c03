import { Injectable, Optional } from '@nestjs/common';
import { Semaphore } from '../../common/concurrency.js';
import { ConflictError, NotFoundError } from '../../common/errors/domain-errors.js';
import { AppConfig } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { ObjectStore } from '../../storage/object-store.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFilesRepository } from '../records/audio-files.repository.js';
import { AudioObjectsService } from './audio-objects.service.js';
import { differenceOf, NOT_UPLOADED } from './upload-check.js';

/** Maximum of concurrent HEAD requests for new records, over all requests. A batch has up to 100 records. */
const PARALLEL_HEADS = 20;

/** Compares uploaded objects with what their records announce. */
@Injectable()
export class UploadedAudioService {
  private readonly heads = new Semaphore(PARALLEL_HEADS);
  private readonly countsBytes: boolean;

  constructor(
    private readonly store: ObjectStore,
    private readonly files: AudioFilesRepository,
    private readonly objects: AudioObjectsService,
    { quota }: AppConfig,
    @Optional() private readonly metrics?: Metrics,
  ) {
    this.countsBytes = quota.maxBytes !== undefined;
  }

  /**
   * The record of an object as it is to be written. If bytes are counted and the object is in a folder of the owner, the
   * record gets the size and ETag that S3 reports. Costs nothing otherwise.
   *
   * @throws ConflictError if the audio is missing or differs from what the client sent
   */
  async measured(file: AudioFile): Promise<AudioFile> {
    if (!this.countsBytes || file.status === 'pending' || !this.objects.isKept(file)) return file;
    const object = await this.heads.run(() => this.store.head(file.s3Key));
    if (!object) throw new ConflictError(NOT_UPLOADED);
    // Apps that record afterwards upload without a checksum. Only a checksum that S3 has can differ.
    const said = object.sha256 === undefined ? { ...file, checksumSha256: null } : file;
    const difference = differenceOf(said, object);
    if (difference !== undefined) throw new ConflictError(`The uploaded audio ${difference}`);
    return { ...file, fileSize: object.size, objectEtag: object.etag };
  }

  /**
   * Makes a pending record ready when its audio is in S3. Does nothing if the record is ready.
   *
   * @returns the record with the size and ETag that S3 reports
   * @throws ConflictError if the audio is missing or differs from what was announced
   * @throws NotFoundError if the record was deleted meanwhile
   */
  async complete(file: AudioFile): Promise<AudioFile> {
    if (file.status === 'ready') return file;
    const object = await this.store.head(file.s3Key);
    if (!object) throw new ConflictError(NOT_UPLOADED);
    const difference = differenceOf(file, object);
    if (difference !== undefined) throw new ConflictError(`The uploaded audio ${difference}`);
    const { written, file: now, isBeingDeleted } = await this.files.complete(file, object);
    // If this call did not write it, another request or an earlier attempt of this one was faster.
    if (now?.ownerId !== file.ownerId) throw new NotFoundError('Audio file not found');
    if (isBeingDeleted) throw new ConflictError('The audio file is being deleted');
    if (written) this.metrics?.activity('upload-completed');
    // Changed since it was read, or deleted and created again: the current announcement counts.
    return now.status === 'pending' ? this.complete(now) : now;
  }
}
