import { Module } from '@nestjs/common';
import { AudioFileBatchesController } from './audio-file-batches.controller.js';
import { AudioFileBatchesService } from './audio-file-batches.service.js';
import { AudioFileController } from './audio-file.controller.js';
import { AudioFileBatchCreationService } from './audio-file-batch-creation.service.js';
import { AudioFileCreationService } from './audio-file-creation.service.js';
import { AudioFileCache } from './audio-file.cache.js';
import { AudioFileDrafts } from './audio-file-drafts.js';
import { AudioFileListRepository } from './audio-file-list.repository.js';
import { AudioFilesController } from './audio-files.controller.js';
import { AudioFilesRepository } from './audio-files.repository.js';
import { AudioFilesService } from './audio-files.service.js';
import { AudioFilesUserData, AudioObjectsUserData } from './audio-files.user-data.js';
import { AudioObjectsService } from './audio-objects.service.js';
import { BatchItems } from './batch-items.js';
import { ObjectKeys } from './object-keys.js';
import { QuotaService } from './quota.service.js';
import { UsageService } from './usage.service.js';

@Module({
  controllers: [AudioFilesController, AudioFileBatchesController, AudioFileController],
  providers: [
    AudioFileCache,
    AudioFilesRepository,
    AudioFileListRepository,
    ObjectKeys,
    AudioObjectsService,
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
