import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AccessDeniedError, NotFoundError } from '../common/errors/domain-errors.js';
import { nowSeconds } from '../common/time.js';
import { AppConfig } from '../config/config.js';
import type { AudioFile, NewAudioFile } from './audio-file.js';
import { AudioFilesRepository } from './audio-files.repository.js';

/** Folder that uploads have always gone to; protected also where new ones go elsewhere. */
const ORIGINAL_AUDIO_FOLDER = 'audio_upload';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The rules of audio-file records. */
@Injectable()
export class AudioFilesService {
  private readonly userFolders: readonly string[];

  constructor(
    private readonly files: AudioFilesRepository,
    config: AppConfig,
  ) {
    this.userFolders = [...new Set([ORIGINAL_AUDIO_FOLDER, config.storage.audioFolder])];
  }

  /**
   * Makes a record for an object in S3.
   *
   * @throws AccessDeniedError for a key in another user's upload folder
   */
  async create(ownerId: string, file: NewAudioFile): Promise<AudioFile> {
    this.assertKeyIsOpenTo(ownerId, file.s3Key);
    const created = { ...file, fileId: randomUUID(), ownerId, uploadedAt: nowSeconds() };
    await this.files.create(created);
    return created;
  }

  /** The owner's records, newest upload first. */
  async list(ownerId: string, limit: number): Promise<AudioFile[]> {
    return this.files.listByOwner(ownerId, limit);
  }

  /**
   * The record with this id, if it is the owner's.
   *
   * @throws NotFoundError where there is none, also for what is no UUID, which is not looked up
   * @throws AccessDeniedError where it is somebody else's
   */
  async getOwned(fileId: string, ownerId: string): Promise<AudioFile> {
    const file = UUID.test(fileId) ? await this.files.findById(fileId) : undefined;
    if (!file) throw notFound();
    if (file.ownerId !== ownerId) throw new AccessDeniedError();
    return file;
  }

  /**
   * Deletes a record. The condition of the write repeats the owner, so that check and write cannot come apart.
   *
   * @throws NotFoundError where somebody was faster
   */
  async delete(file: AudioFile): Promise<void> {
    const outcome = await this.files.delete(file.fileId, file.ownerId);
    if (outcome === 'not-found') throw notFound();
    if (outcome === 'not-owner') throw new AccessDeniedError();
  }

  /** All records of the owner, oldest first, page by page. */
  pages(ownerId: string): AsyncGenerator<AudioFile[]> {
    return this.files.pagesByOwner(ownerId);
  }

  /**
   * Removes every record of the owner, page by page.
   *
   * @param onRemoved is told how many went with each page
   */
  async removeAll(ownerId: string, onRemoved: (count: number) => void): Promise<void> {
    for await (const page of this.files.pagesByOwner(ownerId)) {
      const outcomes = await Promise.all(page.map(({ fileId }) => this.files.delete(fileId, ownerId)));
      onRemoved(outcomes.filter((outcome) => outcome === 'deleted').length);
    }
  }

  private assertKeyIsOpenTo(ownerId: string, s3Key: string): void {
    const folder = this.userFolders.find((candidate) => s3Key.startsWith(`${candidate}/`));
    if (folder !== undefined && !s3Key.startsWith(`${folder}/${ownerId}/`)) throw new AccessDeniedError();
  }
}

function notFound(): NotFoundError {
  return new NotFoundError('Audio file not found');
}
