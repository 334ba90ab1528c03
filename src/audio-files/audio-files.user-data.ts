import type { Caller } from '../common/http/caller.decorator.js';
import { HoldsUserData, type Removal, type UserData } from '../user-data/user-data.js';
import { AudioFilesService } from './audio-files.service.js';
import { AudioObjectsService } from './uploads/audio-objects.service.js';
import { type ExportedAudioFileDto, toExportedAudioFileDto } from './dto/exported-audio-file.dto.js';

/** The audio in the folders of a user, for account deletion. An export describes it by its records. */
@HoldsUserData({ name: 'objects', step: 'objects', tables: [] })
export class AudioObjectsUserData implements UserData {
  constructor(private readonly objects: AudioObjectsService) {}

  async removeAll(userId: string, { onRemoved }: Removal): Promise<void> {
    await this.objects.removeAll(userId, onRemoved);
  }
}

/** The records of a user, for account deletion and export. */
@HoldsUserData({ name: 'audio_files', step: 'records', tables: ['audioFiles'] })
export class AudioFilesUserData implements UserData {
  constructor(
    private readonly files: AudioFilesService,
    private readonly objects: AudioObjectsService,
  ) {}

  async removeAll(userId: string, { onRemoved }: Removal): Promise<void> {
    await this.files.removeAll(userId, onRemoved);
  }

  /** Oldest first. */
  async *exportPages({ userId }: Caller): AsyncGenerator<ExportedAudioFileDto[]> {
    for await (const page of this.files.pages(userId)) {
      yield page.map((file) => toExportedAudioFileDto(file, this.objects.isKept(file)));
    }
  }
}
