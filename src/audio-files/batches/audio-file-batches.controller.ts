import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { DomainError, ValidationError } from '../../common/errors/domain-errors.js';
import {
  ApiProblems,
  BODY_PROBLEMS,
  TOKEN_PROBLEMS,
  WRITE_PROBLEMS,
} from '../../common/http/problems/api-problems.decorator.js';
import { type Caller, CurrentCaller } from '../../common/http/caller.decorator.js';
import { Compressed } from '../../common/http/compression/compression.interceptor.js';
import { SignInDecidedBy } from '../../common/http/sign-in-decision.decorator.js';
import type { Outcome } from '../../common/outcome.js';
import { CostlyRead } from '../../limits/costly-read.decorator.js';
import { RateLimited } from '../../limits/rate-limited.decorator.js';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFileBatchesService } from './audio-file-batches.service.js';
import { AudioFileBatchCreationService } from './audio-file-batch-creation.service.js';
import { BatchItems } from './batch-items.js';
import { toAudioFileDto, toCreatedAudioFileDto } from '../dto/audio-file.dto.js';
import {
  BatchCreateDto,
  BatchCreateResultsDto,
  BatchIdsDto,
  BatchResultsDto,
  CreateBatchItemDto,
} from './dto/batch.dto.js';
import { toNewAudioFile } from '../dto/create-audio-file.dto.js';

/** Many records in one request, up to 100, each with its own status. */
@ApiTags('Audio files')
@ApiBearerAuth()
@RateLimited('batch')
@Controller('user/audio-files')
export class AudioFileBatchesController {
  constructor(
    private readonly batches: AudioFileBatchesService,
    private readonly creation: AudioFileBatchCreationService,
    private readonly items: BatchItems,
  ) {}

  @Post('batch-create')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'createAudioFiles',
    summary: 'Create up to 100 records',
    description:
      'Each item is handled like a single request. If each item has a `client_id`, the whole request can be retried: 201 for ' +
      'a new record, 200 for an existing one.',
  })
  @ApiOkResponse({ type: BatchCreateResultsDto, description: 'One result for each item, in order' })
  @ApiProblems({ ...BODY_PROBLEMS, ...WRITE_PROBLEMS, 400: 'items must have at most 100 entries' })
  async create(
    @CurrentCaller() caller: Caller,
    @Body() { items }: BatchCreateDto,
    @Req() { path }: Request,
  ): Promise<BatchCreateResultsDto> {
    const bodies = await this.items.validated('items', items, CreateBatchItemDto);
    const requests = bodies.map((body) =>
      body instanceof DomainError
        ? body
        : { details: toNewAudioFile(body), idempotencyKey: body.client_id ?? undefined },
    );
    const outcomes = await this.creation.createMany(caller.userId, requests);
    return {
      results: this.items.answers(path, outcomes, (creation) => ({
        status: creation.isNew ? 201 : 200,
        audio_file: toCreatedAudioFileDto(creation),
      })),
    };
  }

  @Post('batch-get')
  @SignInDecidedBy('cache')
  @CostlyRead()
  @Compressed()
  @HttpCode(200)
  @ApiOperation({ operationId: 'getAudioFiles', summary: 'Get up to 100 of your records' })
  @ApiOkResponse({ type: BatchResultsDto, description: 'One result for each id, in order' })
  @ApiProblems({ ...BODY_PROBLEMS, ...TOKEN_PROBLEMS, 400: 'file_ids must have at most 100 entries' })
  async get(
    @CurrentCaller() caller: Caller,
    @Body() { file_ids }: BatchIdsDto,
    @Req() { path }: Request,
  ): Promise<BatchResultsDto> {
    return this.answer(path, file_ids, (ids) => this.batches.get(caller.userId, ids));
  }

  @Post('batch-delete')
  @Compressed()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'deleteAudioFiles',
    summary: 'Delete up to 100 of your records, and their audio',
    description: 'A result of 200 contains the deleted record.',
  })
  @ApiOkResponse({ type: BatchResultsDto, description: 'One result for each id, in order' })
  @ApiProblems({ ...BODY_PROBLEMS, ...WRITE_PROBLEMS, 400: 'file_ids must have at most 100 entries' })
  async delete(
    @CurrentCaller() caller: Caller,
    @Body() { file_ids }: BatchIdsDto,
    @Req() { path }: Request,
  ): Promise<BatchResultsDto> {
    return this.answer(path, file_ids, (ids) => this.batches.delete(caller.userId, ids));
  }

  private async answer(
    path: string,
    fileIds: readonly unknown[],
    work: (ids: readonly string[]) => Promise<Outcome<AudioFile>[]>,
  ): Promise<BatchResultsDto> {
    const done = await work(fileIds.filter((id) => typeof id === 'string'));
    const outcomes = fileIds.map((id, n) =>
      typeof id === 'string' ? (done.shift() as Outcome<AudioFile>) : notText(n),
    );
    return {
      results: this.items.answers(path, outcomes, (file) => ({
        status: 200,
        audio_file: toAudioFileDto(file),
      })),
    };
  }
}

function notText(n: number): ValidationError {
  const field = `file_ids.${n}`;
  return new ValidationError([{ field, message: `${field} must be a string` }]);
}
