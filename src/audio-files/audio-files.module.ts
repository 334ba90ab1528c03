import { Module } from '@nestjs/common';
import { AudioFileController, AudioFilesController } from './audio-files.controller.js';
import { AudioFilesRepository } from './audio-files.repository.js';
import { AudioFilesService } from './audio-files.service.js';

@Module({
  controllers: [AudioFilesController, AudioFileController],
  providers: [AudioFilesRepository, AudioFilesService],
  exports: [AudioFilesService],
})
export class AudioFilesModule {}
