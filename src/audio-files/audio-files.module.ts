import { Module } from '@nestjs/common';
import { AudioFileBatchesController } from './batches/audio-file-batches.controller.js';
import { AudioFileBatchesService } from './batches/audio-file-batches.service.js';
import { AudioFileController } from './audio-file.controller.js';
import { AudioFileBatchCreationService } from './batches/audio-file-batch-creation.service.js';
import { AudioFileCreationService } from './audio-file-creation.service.js';
import { AudioFileCache } from './records/audio-file.cache.js';
import { AudioFileDrafts } from './audio-file-drafts.js';
import { AudioFileListRepository } from './records/audio-file-list.repository.js';
import { AudioFilesController } from './audio-files.controller.js';
import { AudioFilesRepository } from './records/audio-files.repository.js';
import { AudioFilesService } from './audio-files.service.js';
import { AudioFilesUserData, AudioObjectsUserData } from './audio-files.user-data.js';
import { AudioObjectsService } from './uploads/audio-objects.service.js';
import { UploadedAudioService } from './uploads/uploaded-audio.service.js';
import { UploadUrlsService } from './uploads/upload-urls.service.js';
import { BatchItems } from './batches/batch-items.js';
import { ObjectKeys } from './records/object-keys.js';
import { QuotaService } from './usage/quota.service.js';
import { UsageService } from './usage/usage.service.js';

@Module({
  controllers: [AudioFilesController, AudioFileBatchesController, AudioFileController],
  providers: [
    AudioFileCache,
    AudioFilesRepository,
    AudioFileListRepository,
    ObjectKeys,
    AudioObjectsService,
    UploadUrlsService,
    UploadedAudioService,
    QuotaService,
    UsageService,
    AudioFilesService,
    AudioFileDrafts,
    AudioFileCreationService,
    AudioFileBatchCreationService,
    AudioFileBatchesService,
    BatchItems,
    AudioObjectsUserData,
    AudioFilesUserData,
  ],
})
export class AudioFilesModule {}
