import { Injectable, Optional } from '@nestjs/common';
import { AccessDeniedError, ConflictError, NotFoundError } from '../common/errors/domain-errors.js';
import { ObjectStore } from '../storage/object-store.js';
import { Metrics } from '../metrics/metrics.js';
import type { SignedUrl } from '../storage/presigner.js';
import type { AudioFile, UploadableFile } from './audio-file.js';
import { AudioFilesRepository } from './audio-files.repository.js';
import { ObjectKeys } from './object-keys.js';

const UPLOAD_SECONDS = 15 * 60;
const DOWNLOAD_SECONDS = 5 * 60;

/** How a client uploads the audio of a pending record. */
export interface UploadTicket extends SignedUrl {
  readonly method: 'PUT';
  /** To be sent exactly so; S3 refuses any other type, length or content. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The audio behind the records: addresses to upload and download it, and its end. */
@Injectable()
export class AudioObjectsService {
  constructor(
    private readonly store: ObjectStore,
    private readonly files: AudioFilesRepository,
    private readonly keys: ObjectKeys,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  /**
   * An address that takes exactly what the record announces: key, length, type, and the content where its checksum is
   * known.
   *
   * @throws NotConfiguredError, UnavailableError
   */
  async ticketFor({ s3Key, fileSize, contentType, checksumSha256 }: UploadableFile): Promise<UploadTicket> {
    const headers = {
      'Content-Type': contentType,
      'Content-Length': String(fileSize),
      ...(checksumSha256 !== null && {
        'x-amz-checksum-sha256': Buffer.from(checksumSha256, 'hex').toString('base64'),
      }),
    };
    const request = { method: 'PUT', key: s3Key, headers, expiresInSeconds: UPLOAD_SECONDS } as const;
    return { ...(await this.store.sign(request)), method: 'PUT', headers };
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
    if (!object) throw new ConflictError('The audio has not been uploaded yet');
    if (object.size !== file.fileSize) {
      throw new ConflictError(
        `The uploaded audio has ${object.size} bytes, and ${file.fileSize} were announced`,
      );
    }
    if (file.checksumSha256 !== null && (object.sha256 ?? file.checksumSha256) !== file.checksumSha256) {
      throw new ConflictError('The uploaded audio has another SHA-256 checksum than announced');
    }
    const { written, file: now } = await this.files.complete(file, object);
    // Not written by us: another request, or an earlier try of this one, was faster.
    if (now?.ownerId !== file.ownerId) throw new NotFoundError('Audio file not found');
    if (written) this.metrics?.activity('upload-completed');
    return now;
  }

  /**
   * An address to download the audio from, in ranges too.
   *
   * @throws AccessDeniedError for a key that is not in a folder of the owner: anybody may name it in a record
   * @throws ConflictError where the audio has not been uploaded
   */
  async downloadUrl({ ownerId, s3Key, status }: AudioFile): Promise<SignedUrl> {
    this.store.assertConfigured();
    if (!this.keys.isOwn(ownerId, s3Key)) throw new AccessDeniedError();
    if (status === 'pending') throw new ConflictError('The audio has not been uploaded yet');
    this.metrics?.activity('download');
    return this.store.sign({ method: 'GET', key: s3Key, expiresInSeconds: DOWNLOAD_SECONDS });
  }

  /**
   * An address to upload anything to a key of one's own, for the app that makes its records afterwards.
   *
   * @throws AccessDeniedError for a key that is not in a folder of the user
   */
  async uploadUrl(userId: string, key: string): Promise<SignedUrl> {
    this.store.assertConfigured();
    if (!this.keys.isOwn(userId, key)) throw new AccessDeniedError();
    return this.store.sign({ method: 'PUT', key, expiresInSeconds: UPLOAD_SECONDS });
  }

  /** Whether the audio is kept in a folder of the owner, and so goes with the record. */
  isKept({ ownerId, s3Key }: AudioFile): boolean {
    return this.store.isConfigured && this.keys.isOwn(ownerId, s3Key);
  }

  /** Deletes the audio of a record, where it is kept here. Succeeds where there is none. */
  async remove(file: AudioFile): Promise<void> {
    if (this.isKept(file)) await this.store.delete(file.s3Key);
  }

  /**
   * Deletes the audio of many records.
   *
   * @returns the records whose audio could not be deleted now
   */
  async removeMany(files: readonly AudioFile[]): Promise<Set<AudioFile>> {
    const kept = files.filter((file) => this.isKept(file));
    if (kept.length === 0) return new Set();
    const failed = await this.store.deleteMany([...new Set(kept.map(({ s3Key }) => s3Key))]);
    return new Set(kept.filter(({ s3Key }) => failed.has(s3Key)));
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
}
