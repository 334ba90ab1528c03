import { ApiProperty } from '@nestjs/swagger';
import { toIso } from '../../common/time.js';
import type { AudioFile } from '../audio-file.js';

const INSTANT = { type: String, format: 'date-time', maxLength: 20 } as const;

/** A record as clients see it. */
export class AudioFileDto {
  @ApiProperty({ format: 'uuid', example: 'c1b7d0c2-58a5-4d0f-9a53-6a3b0a4c7f10', maxLength: 64 })
  readonly file_id: string;

  @ApiProperty({
    description: 'Owner',
    format: 'uuid',
    example: '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11',
    maxLength: 64,
  })
  readonly user_id: string;

  @ApiProperty({ description: 'Key of the object in S3', example: 'recordings/monday.m4a', maxLength: 1024 })
  readonly s3_key: string;

  @ApiProperty({
    description: 'Bytes; null where unknown',
    type: 'integer',
    format: 'int64',
    nullable: true,
    minimum: 0,
    maximum: 5_497_558_138_880,
    example: 482_133,
  })
  readonly file_size: number | null;

  @ApiProperty({ ...INSTANT, example: '2025-09-25T01:06:21Z' })
  readonly uploaded_at: string;

  @ApiProperty({
    ...INSTANT,
    description: 'null where unknown',
    nullable: true,
    example: '2025-09-24T18:30:00Z',
  })
  readonly recorded_at: string | null;
}

export function toAudioFileDto(file: AudioFile): AudioFileDto {
  return {
    file_id: file.fileId,
    user_id: file.ownerId,
    s3_key: file.s3Key,
    file_size: file.fileSize,
    uploaded_at: toIso(file.uploadedAt),
    recorded_at: file.recordedAt === null ? null : toIso(file.recordedAt),
  };
}
