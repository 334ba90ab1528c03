import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { toIso } from '../../common/time.js';
import type { AudioFile, AudioFileStatus } from '../records/audio-file.js';
import type { Creation } from '../audio-file-drafts.js';
import { BYTES, CHECKSUM, CONTENT_TYPE_FIELD, DURATION, TAGS, TITLE } from './fields.js';
import { toUploadDto, UploadDto } from '../uploads/dto/signed-url.dto.js';

const INSTANT = { type: String, format: 'date-time', maxLength: 20 } as const;
const UNKNOWN = { description: 'null if unknown', nullable: true } as const;

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

  @ApiProperty({ ...BYTES, ...UNKNOWN, example: 482_133 })
  readonly file_size: number | null;

  @ApiProperty({ ...INSTANT, example: '2025-09-25T01:06:21Z' })
  readonly uploaded_at: string;

  @ApiProperty({ ...INSTANT, ...UNKNOWN, example: '2025-09-24T18:30:00Z' })
  readonly recorded_at: string | null;

  @ApiProperty({
    description: '`pending` until the upload of the audio is completed',
    enum: ['pending', 'ready'],
    example: 'ready',
  })
  readonly status: AudioFileStatus;

  @ApiProperty({ ...TITLE, nullable: true })
  readonly title: string | null;

  @ApiProperty(TAGS)
  readonly tags: readonly string[];

  @ApiProperty({ ...DURATION, ...UNKNOWN })
  readonly duration_seconds: number | null;

  @ApiProperty({ ...CONTENT_TYPE_FIELD, ...UNKNOWN })
  readonly content_type: string | null;

  @ApiProperty({ ...CHECKSUM, description: 'SHA-256 in hexadecimal; null if unknown', nullable: true })
  readonly checksum_sha256: string | null;

  @ApiProperty({
    description: 'ETag of the object in S3; null if the service has not read it',
    type: String,
    nullable: true,
    maxLength: 256,
    example: '"781e5e245d69b566979b86e28d23f2c7"',
  })
  readonly object_etag: string | null;
}

/** A new record. */
export class CreatedAudioFileDto extends AudioFileDto {
  @ApiPropertyOptional({ description: 'Only for a pending record: how to upload its audio', type: UploadDto })
  readonly upload?: UploadDto;
}

export function toAudioFileDto(file: AudioFile): AudioFileDto {
  return {
    file_id: file.fileId,
    user_id: file.ownerId,
    s3_key: file.s3Key,
    file_size: file.fileSize,
    uploaded_at: toIso(file.uploadedAt),
    recorded_at: file.recordedAt === null ? null : toIso(file.recordedAt),
    status: file.status,
    title: file.title,
    tags: file.tags,
    duration_seconds: file.durationSeconds,
    content_type: file.contentType,
    checksum_sha256: file.checksumSha256,
    object_etag: file.objectEtag,
  };
}

export function toCreatedAudioFileDto({ file, upload }: Creation): CreatedAudioFileDto {
  return { ...toAudioFileDto(file), ...(upload && { upload: toUploadDto(upload) }) };
}

/** Changes with every change of the record, and is another one for a record made anew under the same id, also at once. */
export function etagOf({ uploadedAt, version }: AudioFile): string {
  return `"${uploadedAt}-${version}"`;
}
