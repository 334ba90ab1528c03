import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateIf } from 'class-validator';
import { parseInstant } from '../../common/time.js';
import {
  IsInstant,
  IsLike,
  IsNumberBetween,
  IsText,
  IsTextList,
  rule,
  wrongObjectKey,
} from '../../common/validation/rules.js';
import type { NewAudioFile } from '../records/audio-file.js';
import {
  BYTES,
  CHECKSUM,
  CONTENT_TYPE,
  CONTENT_TYPE_FIELD,
  CONTENT_TYPES,
  DURATION,
  MAX_DURATION,
  MAX_FILE_SIZE,
  MAX_UPLOAD_SIZE,
  normalizedType,
  NOT_A_CONTENT_TYPE,
  SHA256,
  TAGS,
  TITLE,
} from './fields.js';

/** A record for an object that is in S3 (`s3_key`), or for one that is to be uploaded (`content_type`, `file_size`). */
export class CreateAudioFileDto {
  @ApiPropertyOptional({
    description:
      'Key of the object in S3: 1 to 1,024 bytes of UTF-8, no control characters, no U+FFFE or U+FFFF, no space at the ' +
      'end, no leading slash, no `.` or `..` segments. Below `audio_upload/` only keys in the folder of the caller, `audio_upload/{user_id}/`. ' +
      'Without it the server creates a key and returns a URL to upload the audio; `content_type` and `file_size` ' +
      'are then required',
    type: String,
    nullable: true,
    example: 'recordings/monday.m4a',
    minLength: 1,
    maxLength: 1024,
  })
  // A request with neither a key nor a type has probably forgotten the key. With a size it may be either.
  @ValidateIf((dto: CreateAudioFileDto) => isGiven(dto.s3_key) || !isGiven(dto.content_type))
  @IsKeyOrUpload()
  readonly s3_key?: string | null;

  @ApiPropertyOptional({
    ...BYTES,
    description: 'Size in bytes. For an upload: the exact size, from 1 byte to 5 GiB',
    nullable: true,
    example: 482_133,
  })
  @ValidateIf((dto: CreateAudioFileDto) => isGiven(dto.file_size) || isUpload(dto))
  @IsSizeOfFile()
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

  @ApiPropertyOptional({ ...TITLE, description: 'An empty title means no title', nullable: true })
  @IsOptional()
  @IsText(0, 200)
  readonly title?: string | null;

  @ApiPropertyOptional({ ...TAGS, description: 'Duplicate tags are removed', nullable: true })
  @IsOptional()
  @IsTextList(20, 40)
  readonly tags?: string[] | null;

  @ApiPropertyOptional({ ...DURATION, description: 'Seconds, rounded to milliseconds', nullable: true })
  @IsOptional()
  @IsNumberBetween(0, MAX_DURATION)
  readonly duration_seconds?: number | null;

  @ApiPropertyOptional({
    ...CONTENT_TYPE_FIELD,
    description: `${CONTENT_TYPES}, or \`application/octet-stream\` for encrypted audio`,
    nullable: true,
  })
  @IsOptional()
  @IsLike(CONTENT_TYPE, NOT_A_CONTENT_TYPE)
  readonly content_type?: string | null;

  @ApiPropertyOptional({
    ...CHECKSUM,
    description:
      'SHA-256 of the audio in hexadecimal. For an upload: S3 refuses other content, and `complete` compares the checksum of S3',
    nullable: true,
  })
  @IsOptional()
  @IsLike(SHA256, 'must be 64 hexadecimal digits')
  readonly checksum_sha256?: string | null;
}

export function toNewAudioFile(dto: CreateAudioFileDto): NewAudioFile {
  return {
    ...(isGiven(dto.s3_key) && { s3Key: dto.s3_key }),
    fileSize: dto.file_size ?? null,
    recordedAt: (isGiven(dto.recorded_at) ? parseInstant(dto.recorded_at) : undefined) ?? null,
    title: dto.title || null,
    tags: [...new Set(dto.tags ?? [])],
    durationSeconds: isGiven(dto.duration_seconds) ? Math.round(dto.duration_seconds * 1000) / 1000 : null,
    contentType: isGiven(dto.content_type) ? normalizedType(dto.content_type) : null,
    checksumSha256: dto.checksum_sha256?.toLowerCase() ?? null,
  };
}

/** `null` stands for "not given", as in every optional field. */
function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function isUpload(dto: CreateAudioFileDto): boolean {
  return !isGiven(dto.s3_key) && isGiven(dto.content_type);
}

function IsKeyOrUpload(): PropertyDecorator {
  return rule('isObjectKey', (value) =>
    isGiven(value)
      ? wrongObjectKey(value)
      : 'is required for an object that is in S3, or content_type and file_size for one that is to be uploaded',
  );
}

function IsSizeOfFile(): PropertyDecorator {
  return rule('isSizeOfFile', (value, dto) => {
    const upload = isUpload(dto as CreateAudioFileDto);
    if (upload && !isGiven(value)) return 'is required for an upload';
    const [min, max] = upload ? [1, MAX_UPLOAD_SIZE] : [0, MAX_FILE_SIZE];
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return undefined;
    return `must be a whole number from ${min} to ${max}${upload ? ' for an upload' : ''}`;
  });
}
