import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import {
  IDEMPOTENCY_KEY,
  NOT_AN_IDEMPOTENCY_KEY,
} from '../../../common/http/headers/idempotency-key.decorator.js';
import { ProblemDto } from '../../../common/http/problems/problem.js';
import { IsLike, IsList } from '../../../common/validation/rules.js';
import { AudioFileDto, CreatedAudioFileDto } from '../../dto/audio-file.dto.js';
import { CreateAudioFileDto } from '../../dto/create-audio-file.dto.js';

const MAX_ITEMS = 100;

export class CreateBatchItemDto extends CreateAudioFileDto {
  @ApiPropertyOptional({
    description: 'The `Idempotency-Key` of this record; both names mean the same key',
    type: String,
    nullable: true,
    minLength: 1,
    maxLength: 255,
    example: '8e03978e-40d5-43e8-bc93-6894a57f9324',
  })
  @IsOptional()
  @IsLike(IDEMPOTENCY_KEY, NOT_AN_IDEMPOTENCY_KEY)
  readonly client_id?: string | null;
}

export class BatchCreateDto {
  @ApiProperty({ type: [CreateBatchItemDto], minItems: 1, maxItems: MAX_ITEMS })
  @IsList(1, MAX_ITEMS)
  // Each item is validated independently, so that an invalid item does not affect the others.
  readonly items: unknown[];
}

export class BatchIdsDto {
  @ApiProperty({
    type: 'array',
    minItems: 1,
    maxItems: MAX_ITEMS,
    items: { type: 'string', format: 'uuid', maxLength: 64 },
    example: ['c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10'],
  })
  @IsList(1, MAX_ITEMS)
  readonly file_ids: unknown[];
}

const STATUS = {
  description: 'HTTP status of this item',
  type: 'integer',
  minimum: 200,
  maximum: 599,
} as const;

/** The result of one record of a batch: the record, or a problem. */
export class BatchResultDto {
  @ApiProperty({ ...STATUS, example: 200 })
  readonly status: number;

  @ApiPropertyOptional({ type: AudioFileDto })
  readonly audio_file?: AudioFileDto;

  @ApiPropertyOptional({ type: ProblemDto })
  readonly problem?: ProblemDto;
}

/** The result of one record to create. */
export class BatchCreateResultDto {
  @ApiProperty({ ...STATUS, example: 201 })
  readonly status: number;

  @ApiPropertyOptional({ type: CreatedAudioFileDto })
  readonly audio_file?: CreatedAudioFileDto;

  @ApiPropertyOptional({ type: ProblemDto })
  readonly problem?: ProblemDto;
}

/** An outcome for each, in the order of the request. */
export class BatchResultsDto {
  @ApiProperty({ type: [BatchResultDto], minItems: 1, maxItems: MAX_ITEMS })
  readonly results: BatchResultDto[];
}

/** An outcome for each, in the order of the request. */
export class BatchCreateResultsDto {
  @ApiProperty({ type: [BatchCreateResultDto], minItems: 1, maxItems: MAX_ITEMS })
  readonly results: BatchCreateResultDto[];
}
