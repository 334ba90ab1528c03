import { Body, Controller, Get, HttpStatus, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import {
  ApiProblems,
  BODY_PROBLEMS,
  STORAGE_PROBLEMS,
  TOKEN_PROBLEMS,
  WRITE_PROBLEMS,
} from '../common/http/problems/api-problems.decorator.js';
import { type Caller, CurrentCaller } from '../common/http/caller.decorator.js';
import { Compressed } from '../common/http/compression/compression.interceptor.js';
import { ETAG_HEADER, PAGE_HEADERS } from '../common/http/headers/documented-headers.js';
import { ApiIdempotencyKey, IdempotencyKey } from '../common/http/headers/idempotency-key.decorator.js';
import { LOCATION_HEADER } from '../common/http/headers/location-header.js';
import { SignInDecidedBy } from '../common/http/sign-in-decision.decorator.js';
import { nextPageHeaders } from '../common/pagination/next-page.js';
import { CostlyRead } from '../limits/costly-read.decorator.js';
import { RateLimited } from '../limits/rate-limited.decorator.js';
import { AudioFileCreationService } from './audio-file-creation.service.js';
import { AudioFilesService } from './audio-files.service.js';
import { UploadUrlsService } from './uploads/upload-urls.service.js';
import {
  AudioFileDto,
  CreatedAudioFileDto,
  etagOf,
  toAudioFileDto,
  toCreatedAudioFileDto,
} from './dto/audio-file.dto.js';
import { CreateAudioFileDto, toNewAudioFile } from './dto/create-audio-file.dto.js';
import { cursorOf, isFiltered, ListAudioFilesQuery, toListRequest } from './dto/list-audio-files.query.js';
import {
  PresignedUrlDto,
  PresignedUrlQuery,
  toAnnouncement,
  toPresignedUrlDto,
} from './uploads/dto/signed-url.dto.js';
import { toUsageDto, UsageDto } from './usage/dto/usage.dto.js';
import { UsageService } from './usage/usage.service.js';

/** Routes of all files of the caller. */
@ApiTags('Audio files')
@ApiBearerAuth()
@Controller()
export class AudioFilesController {
  constructor(
    private readonly files: AudioFilesService,
    private readonly creation: AudioFileCreationService,
    private readonly uploadUrls: UploadUrlsService,
    private readonly usageService: UsageService,
  ) {}

  @Get('user/audio-files')
  @CostlyRead({ where: isFiltered })
  @Compressed()
  @ApiOperation({
    operationId: 'listAudioFiles',
    summary: 'List your records, newest upload first',
    description:
      'Returns one page. For the next page follow `Link: <…>; rel="next"` or send `X-Next-Cursor` as `cursor`; the last page has neither. ' +
      'A page with filters reads at most 500 records, so that it can be short or empty although the list continues. ' +
      '`uploaded_from` and `uploaded_to` are a range, not a filter: records outside of it are not read.',
  })
  @ApiOkResponse({ type: [AudioFileDto], description: 'Your records', headers: PAGE_HEADERS })
  @ApiProblems({ ...TOKEN_PROBLEMS, 400: 'limit must be a whole number from 1 to 100' })
  async list(
    @CurrentCaller() caller: Caller,
    @Query() query: ListAudioFilesQuery,
    @Req() { path }: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AudioFileDto[]> {
    const { files, next } = await this.files.list(caller.userId, toListRequest(query));
    if (next) response.set(nextPageHeaders(path, query, cursorOf(next)));
    return files.map(toAudioFileDto);
  }

  @Post('audio-file')
  @RateLimited('create')
  @ApiOperation({
    operationId: 'createAudioFile',
    summary: 'Create a record for an audio file in S3, or start an upload',
    description:
      'With `s3_key`, creates a record for an object in S3. With `content_type` and `file_size` and without `s3_key`, creates a ' +
      'pending record and returns in `upload` how to send its audio to S3: send `method` with exactly these `headers` to ' +
      '`url`, then call `complete`. A response of 412 from S3 means that the audio is there already. With ' +
      'a byte quota, the size of an object in your own folder is the one that S3 reports.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({
    type: CreatedAudioFileDto,
    description: 'The record',
    headers: { ...ETAG_HEADER, ...LOCATION_HEADER },
  })
  @ApiOkResponse({
    type: CreatedAudioFileDto,
    description: 'The record that an earlier request with this `Idempotency-Key` created',
    headers: ETAG_HEADER,
  })
  @ApiProblems({
    ...BODY_PROBLEMS,
    ...WRITE_PROBLEMS,
    ...STORAGE_PROBLEMS,
    400: 's3_key is required for an object that is in S3, or content_type and file_size for one that is to be uploaded',
    403: 'Access denied',
    409: 'The audio has not been uploaded yet',
    422: 'The idempotency key was used before with different content',
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateAudioFileDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedAudioFileDto> {
    const request = { details: toNewAudioFile(body), idempotencyKey };
    const creation = await this.creation.create(caller.userId, request);
    response.status(creation.isNew ? HttpStatus.CREATED : HttpStatus.OK).set('ETag', etagOf(creation.file));
    if (creation.isNew) response.location(`/api/audio-file/${creation.file.fileId}`);
    return toCreatedAudioFileDto(creation);
  }

  @Get('user/usage')
  @RateLimited('usage')
  @CostlyRead()
  @ApiOperation({ operationId: 'getUsage', summary: 'Count your records and their bytes' })
  @ApiOkResponse({ type: UsageDto, description: 'Your totals and your quota' })
  @ApiProblems(TOKEN_PROBLEMS)
  async usage(@CurrentCaller() caller: Caller): Promise<UsageDto> {
    return toUsageDto(await this.usageService.of(caller.userId));
  }

  @Get('presigned-url')
  @SignInDecidedBy('tables')
  @CostlyRead()
  @ApiOperation({
    operationId: 'getPresignedUrl',
    summary: 'Get a URL to upload to a key of your own',
    description:
      'For apps that upload first and create the record afterwards. Valid for 15 minutes, for a PUT of any type and length, or of ' +
      '`content_type` and `file_size`. Send both or neither; with a byte quota both are required, and the quota must have capacity ' +
      'for the file. A key of the ' +
      "service's own form, `{folder}/{user_id}/{file_id}.*`, is signed only while that record is pending, and takes " +
      'what the record announces. New apps omit `s3_key` when they create a record.',
  })
  @ApiOkResponse({ type: PresignedUrlDto, description: 'The URL' })
  @ApiProblems({
    ...WRITE_PROBLEMS,
    ...STORAGE_PROBLEMS,
    400: 'key is required',
    403: 'Access denied',
    409: 'No record of yours that awaits its audio has this key',
  })
  async presignedUrl(
    @CurrentCaller() caller: Caller,
    @Query() query: PresignedUrlQuery,
  ): Promise<PresignedUrlDto> {
    return toPresignedUrlDto(
      await this.uploadUrls.uploadUrl(caller.userId, query.key, toAnnouncement(query)),
    );
  }
}
