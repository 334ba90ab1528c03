import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Patch,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConsumes,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import {
  ApiProblems,
  BODY_PROBLEMS,
  STORAGE_PROBLEMS,
  TOKEN_PROBLEMS,
  WRITE_PROBLEMS,
} from '../common/http/problems/api-problems.decorator.js';
import { wasSeen } from '../common/http/headers/entity-tag.js';
import { MessageDto } from '../common/http/message.dto.js';
import { ETAG_HEADER } from '../common/http/headers/documented-headers.js';
import type { AudioFile } from './records/audio-file.js';
import { AudioFileOwnerGuard, OwnedAudioFile } from './audio-file-owner.guard.js';
import { AudioFilesService } from './audio-files.service.js';
import { AudioObjectsService } from './uploads/audio-objects.service.js';
import { UploadedAudioService } from './uploads/uploaded-audio.service.js';
import { AudioFileDto, etagOf, toAudioFileDto } from './dto/audio-file.dto.js';
import { SignedUrlDto, toSignedUrlDto } from './uploads/dto/signed-url.dto.js';
import { toChanges, UpdateAudioFileDto } from './dto/update-audio-file.dto.js';

const OWNER_PROBLEMS = { ...TOKEN_PROBLEMS, 403: 'Access denied', 404: 'Audio file not found' } as const;
const OWNER_WRITE_PROBLEMS = { ...WRITE_PROBLEMS, ...OWNER_PROBLEMS } as const;

/** Documents `If-Match`. @param done what does not happen if it does not match */
const ApiIfMatch = (done: string) =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: `\`ETag\` of the record as you read it. If it has changed, the response is 412 and nothing is ${done}`,
    schema: { type: 'string', maxLength: 1024 },
    example: '"1758762381-0"',
  });

/** Routes of one file. {@link AudioFileOwnerGuard} protects all of them. */
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
  constructor(
    private readonly files: AudioFilesService,
    private readonly objects: AudioObjectsService,
    private readonly audio: UploadedAudioService,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getAudioFile', summary: 'Get one of your records' })
  @ApiOkResponse({ type: AudioFileDto, description: 'The record', headers: ETAG_HEADER })
  @ApiProblems(OWNER_PROBLEMS)
  get(@OwnedAudioFile() file: AudioFile, @Res({ passthrough: true }) response: Response): AudioFileDto {
    // Clients may cache it and revalidate it with the entity tag, which is answered without a body.
    response.set('Cache-Control', 'private, no-cache');
    return answer(file, response);
  }

  @Patch()
  @ApiOperation({
    operationId: 'updateAudioFile',
    summary: 'Change title and tags of one of your records',
    description: 'A JSON merge patch (RFC 7396): absent members are not changed, null removes.',
  })
  @ApiConsumes('application/merge-patch+json', 'application/json')
  @ApiIfMatch('written')
  @ApiOkResponse({ type: AudioFileDto, description: 'The record as it is now', headers: ETAG_HEADER })
  @ApiProblems({
    ...BODY_PROBLEMS,
    ...OWNER_WRITE_PROBLEMS,
    400: 'title must be at most 200 characters',
    412: 'The record was changed meanwhile',
  })
  async update(
    @OwnedAudioFile() file: AudioFile,
    @Body() body: UpdateAudioFileDto,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AudioFileDto> {
    const unchanged = wasSeen(ifMatch, etagOf(file));
    return answer(await this.files.change(file, toChanges(body), unchanged), response);
  }

  @Delete()
  @ApiOperation({
    operationId: 'deleteAudioFile',
    summary: 'Delete one of your records, and its audio',
    description: 'The audio is deleted first. After a 503, send the same request again.',
  })
  @ApiIfMatch('deleted')
  @ApiOkResponse({ type: MessageDto, description: 'The record is deleted' })
  @ApiProblems({ ...OWNER_WRITE_PROBLEMS, 412: 'The record was changed meanwhile' })
  async delete(
    @OwnedAudioFile() file: AudioFile,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<MessageDto> {
    await this.files.delete(file, wasSeen(ifMatch, etagOf(file)));
    return { message: 'Audio file deleted successfully' };
  }

  @Post('complete')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'completeAudioFile',
    summary: 'Complete the upload of a pending record',
    description: 'Checks the object in S3 and makes the record ready. Does nothing if the record is ready.',
  })
  @ApiOkResponse({ type: AudioFileDto, description: 'The record, ready', headers: ETAG_HEADER })
  @ApiProblems({ ...OWNER_PROBLEMS, ...STORAGE_PROBLEMS, 409: 'The audio has not been uploaded yet' })
  async complete(
    @OwnedAudioFile() file: AudioFile,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AudioFileDto> {
    return answer(await this.audio.complete(file), response);
  }

  @Get('download-url')
  @ApiOperation({
    operationId: 'getDownloadUrl',
    summary: 'Get a URL to download the audio',
    description:
      'Valid for 5 minutes, for range requests too. Only for audio in your own folder. S3 responds with the `content_type` of ' +
      'the record (or application/octet-stream) and `Content-Disposition: attachment`.',
  })
  @ApiOkResponse({ type: SignedUrlDto, description: 'The URL' })
  @ApiProblems({ ...OWNER_PROBLEMS, ...STORAGE_PROBLEMS, 409: 'The audio has not been uploaded yet' })
  async downloadUrl(@OwnedAudioFile() file: AudioFile): Promise<SignedUrlDto> {
    return toSignedUrlDto(await this.objects.downloadUrl(file));
  }
}

function answer(file: AudioFile, response: Response): AudioFileDto {
  response.set('ETag', etagOf(file));
  return toAudioFileDto(file);
}
