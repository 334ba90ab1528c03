import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { parseInstant } from '../../common/time.js';
import { IsInstant, IsObjectKey, IsWhole } from '../../common/validation/rules.js';
import type { NewAudioFile } from '../audio-file.js';

/** Largest object in S3: 5 TiB. */
const MAX_FILE_SIZE = 5 * 1024 ** 4;

export class CreateAudioFileDto {
  @ApiProperty({
    description:
      'Key of the object in S3: 1 to 1,024 bytes of UTF-8, no control characters, no leading slash, no `.` or `..` ' +
      'segments. Below `audio_upload/` only keys in the folder of the caller, `audio_upload/{user_id}/`',
    example: 'recordings/monday.m4a',
    minLength: 1,
    maxLength: 1024,
  })
  @IsObjectKey()
  readonly s3_key: string;

  @ApiPropertyOptional({
    description: 'Bytes',
    type: 'integer',
    format: 'int64',
    nullable: true,
    minimum: 0,
    maximum: MAX_FILE_SIZE,
    example: 482_133,
  })
  @IsOptional()
  @IsWhole(0, MAX_FILE_SIZE)
  readonly file_size?: number | null;

  @ApiPropertyOptional({
    description: 'ISO 8601 instant with an offset; fractions of a second are dropped',
    type: String,
    format: 'date-time',
    nullable: true,
    maxLength: 40,
    example: '2025-09-24T20:30:00+02:00',
  })
  @IsOptional()
  @IsInstant()
  readonly recorded_at?: string | null;
}

export function toNewAudioFile(dto: CreateAudioFileDto): NewAudioFile {
  return {
    s3Key: dto.s3_key,
    fileSize: dto.file_size ?? null,
    recordedAt: (typeof dto.recorded_at === 'string' ? parseInstant(dto.recorded_at) : undefined) ?? null,
  };
}
