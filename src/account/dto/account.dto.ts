import { ApiProperty } from '@nestjs/swagger';
import { IsText } from '../../common/validation/rules.js';

const PASSWORD = { format: 'password', minLength: 1, maxLength: 256 } as const;

export class ChangePasswordDto {
  @ApiProperty({ ...PASSWORD, example: 'correct horse battery' })
  @IsText(1, 256)
  readonly current_password: string;

  @ApiProperty({
    ...PASSWORD,
    description: 'Any characters; never trimmed or normalised',
    minLength: 8,
    example: 'staple battery horse',
  })
  @IsText(8, 256, 'Password')
  readonly new_password: string;
}

export class DeleteAccountDto {
  @ApiProperty({ ...PASSWORD, example: 'correct horse battery' })
  @IsText(1, 256, 'Password')
  readonly password: string;
}

const COUNT = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** Number of items that a deletion removed. */
export class DeletionReceiptDto {
  @ApiProperty({
    ...COUNT,
    description: 'Audio objects in S3, without those that are still uploaded with an earlier URL',
    example: 121,
  })
  readonly objects: number;

  @ApiProperty({ ...COUNT, example: 128 })
  readonly audio_files: number;

  @ApiProperty({ ...COUNT, example: 3 })
  readonly sessions: number;

  @ApiProperty({ ...COUNT, example: 1 })
  readonly users: number;
}
