import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsWhole } from '../../common/validation/rules.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

/** A query parameter of digits only; anything else stays what it is and fails validation. */
function toWholeNumber({ value }: { value: unknown }): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

export class ListAudioFilesQuery {
  @ApiPropertyOptional({
    description: 'How many records at most',
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    example: DEFAULT_LIMIT,
  })
  @Transform(toWholeNumber)
  @IsWhole(1, MAX_LIMIT)
  readonly limit: number = DEFAULT_LIMIT;
}
