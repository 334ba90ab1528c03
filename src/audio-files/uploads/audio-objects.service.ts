import { Injectable, Optional } from '@nestjs/common';
import {
  AccessDeniedError,
  ConflictError,
  temporarilyUnavailable,
} from '../../common/errors/domain-errors.js';
import { Metrics } from '../../metrics/metrics.js';
import { ObjectStore } from '../../storage/object-store.js';
import type { SignedUrl } from '../../storage/presigner.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFilesRepository } from '../records/audio-files.repository.js';
import { ObjectKeys } from '../records/object-keys.js';
import { downloadHeaders } from './download-headers.js';
import { NOT_UPLOADED } from './upload-check.js';

const DOWNLOAD_SECONDS = 5 * 60;

/** The audio objects of the records: download and deletion. */
@Injectable()
export class AudioObjectsService {
  constructor(
    private readonly store: ObjectStore,
    private readonly files: AudioFilesRepository,
    private readonly keys: ObjectKeys,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /**
   * A URL to download the audio as a file of the record's type. It supports range requests.
   *
   * @throws AccessDeniedError for a key that is not in a folder of the owner: any user may name such a key in a record
   * @throws ConflictError if the audio has not been uploaded
   */
  async downloadUrl(file: AudioFile): Promise<SignedUrl> {
    this.store.assertConfigured();
    if (!this.keys.isOwn(file.ownerId, file.s3Key)) throw new AccessDeniedError();
    if (file.status === 'pending') throw new ConflictError(NOT_UPLOADED);
    this.metrics?.activity('download');
    const request = { method: 'GET', key: file.s3Key, expiresInSeconds: DOWNLOAD_SECONDS } as const;
    return this.store.sign({ ...request, query: downloadHeaders(file) });
  }

  /** Whether the audio is in a folder of the owner, and is therefore deleted with the record. */
  isKept({ ownerId, s3Key }: AudioFile): boolean {
    return this.store.isConfigured && this.keys.isOwn(ownerId, s3Key);
  }

  /**
   * Deletes the audio of a record if {@link isKept}, but not the object of another record, see {@link removeMany}. Succeeds
   * if there is no object.
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
   * Deletes the audio of many records. An object whose key contains the id of another record is not deleted: without the
   * object, the upload URL of that record would accept other content. Costs 1 read unit for a key of that form.
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
   * Deletes everything in the folders of a user, including objects without a record.
   *
   * @param onRemoved called after each page with the number of deleted objects
   * @throws UnavailableError if an object could not be deleted now
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

  /**
   * Finds the files whose object is the audio of another record and has its id in the key.
   *
   * @returns those files, and the files for which the other record could not be read now
   */
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
}
