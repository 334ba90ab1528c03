import { Body, Controller, Delete, Get, Post, Query, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems, BODY_PROBLEMS, TOKEN_PROBLEMS } from '../common/http/api-problems.decorator.js';
import { type Caller, CurrentCaller } from '../common/http/caller.decorator.js';
import { MessageDto } from '../common/http/message.dto.js';
import { RateLimited } from '../limits/rate-limited.decorator.js';
import type { AudioFile } from './audio-file.js';
import { AudioFileOwnerGuard, OwnedAudioFile } from './audio-file-owner.guard.js';
import { AudioFilesService } from './audio-files.service.js';
import { AudioFileDto, toAudioFileDto } from './dto/audio-file.dto.js';
import { CreateAudioFileDto, toNewAudioFile } from './dto/create-audio-file.dto.js';
import { ListAudioFilesQuery } from './dto/list-audio-files.query.js';

/** What belongs to the caller as a whole. */
@ApiTags('Audio files')
@ApiBearerAuth()
@Controller()
export class AudioFilesController {
  constructor(private readonly files: AudioFilesService) {}

  @Get('user/audio-files')
  @ApiOperation({ operationId: 'listAudioFiles', summary: 'List your records, newest upload first' })
  @ApiOkResponse({ type: [AudioFileDto], description: 'Your records' })
  @ApiProblems({ ...TOKEN_PROBLEMS, 400: 'limit must be a whole number from 1 to 100' })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() { limit }: ListAudioFilesQuery,
  ): Promise<AudioFileDto[]> {
    return (await this.files.list(caller.userId, limit)).map(toAudioFileDto);
  }

  @Post('audio-file')
  @RateLimited('create')
  @ApiOperation({ operationId: 'createAudioFile', summary: 'Record an audio file that is in S3' })
  @ApiCreatedResponse({ type: AudioFileDto, description: 'The record' })
  @ApiProblems({ ...BODY_PROBLEMS, ...TOKEN_PROBLEMS, 400: 's3_key is required', 403: 'Access denied' })
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateAudioFileDto): Promise<AudioFileDto> {
    return toAudioFileDto(await this.files.create(caller.userId, toNewAudioFile(body)));
  }
}

/** One file. Everything here is behind {@link AudioFileOwnerGuard}. */
@ApiTags('Audio files')
@ApiBearerAuth()
@ApiParam({
  name: 'file_id',
  description: 'Id of the record',
  schema: { type: 'string', format: 'uuid', maxLength: 64 },
  example: 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10',
})
@UseGuards(AudioFileOwnerGuard)
@Controller('audio-file/:file_id')
export class AudioFileController {
  constructor(private readonly files: AudioFilesService) {}

  @Get()
  @ApiOperation({ operationId: 'getAudioFile', summary: 'Get one of your records' })
  @ApiOkResponse({ type: AudioFileDto, description: 'The record' })
  @ApiProblems({ ...TOKEN_PROBLEMS, 403: 'Access denied', 404: 'Audio file not found' })
  get(@OwnedAudioFile() file: AudioFile): AudioFileDto {
    return toAudioFileDto(file);
  }

  @Delete()
  @ApiOperation({ operationId: 'deleteAudioFile', summary: 'Delete one of your records' })
  @ApiOkResponse({ type: MessageDto, description: 'It is gone' })
  @ApiProblems({ ...TOKEN_PROBLEMS, 403: 'Access denied', 404: 'Audio file not found' })
  async delete(@OwnedAudioFile() file: AudioFile): Promise<MessageDto> {
    await this.files.delete(file);
    return { message: 'Audio file deleted successfully' };
  }
}
