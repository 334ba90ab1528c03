import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { toIso } from '../../../common/time.js';
import { IsLike, IsObjectKey, IsWhole, ToWholeNumber } from '../../../common/validation/rules.js';
import type { SignedUrl } from '../../../storage/presigner.js';
import type { Announcement, UploadTicket } from '../upload-urls.service.js';
import {
  CONTENT_TYPE,
  CONTENT_TYPE_FIELD,
  CONTENT_TYPES,
  MAX_UPLOAD_SIZE,
  normalizedType,
  NOT_A_CONTENT_TYPE,
} from '../../dto/fields.js';

const METHOD = { enum: ['PUT'], example: 'PUT' } as const;
const HEADERS = {
  type: 'object',
  additionalProperties: { type: 'string', maxLength: 1024 },
  example: { 'Content-Type': 'audio/mp4', 'Content-Length': '482133', 'If-None-Match': '*' },
} as const;

/** A URL that works without a token. */
export class SignedUrlDto {
  @ApiProperty({
    format: 'uri',
    maxLength: 8192,
    example: 'https://audio.s3.us-east-1.amazonaws.com/audio_upload/monday.m4a?X-Amz-Signature=8c29',
  })
  readonly url: string;

  @ApiProperty({ type: String, format: 'date-time', maxLength: 20, example: '2025-09-25T01:21:21Z' })
  readonly expires_at: string;
}

/** How to upload the audio of a record. */
export class UploadDto extends SignedUrlDto {
  @ApiProperty(METHOD)
  readonly method: 'PUT';

  @ApiProperty({
    ...HEADERS,
    description:
      'Send exactly these. Browsers set Content-Length themselves. With If-None-Match a response of 412 means that ' +
      'the audio is there: call `complete`',
  })
  readonly headers: Readonly<Record<string, string>>;
}

/** A URL to upload to a key of the user, with method and headers if they are signed too. */
export class PresignedUrlDto extends SignedUrlDto {
  @ApiPropertyOptional({ ...METHOD, description: 'Only if `headers` are signed' })
  readonly method?: 'PUT';

  @ApiPropertyOptional({
    ...HEADERS,
    description:
      'Only with `file_size` and `content_type`, or for the key of a record: send exactly these. With If-None-Match ' +
      'a response of 412 means that an object is there',
  })
  readonly headers?: Readonly<Record<string, string>>;
}

export class PresignedUrlQuery {
  @ApiProperty({
    description: 'Key in your own folder, `audio_upload/{user_id}/`',
    example: 'audio_upload/5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11/monday.m4a',
    minLength: 1,
    maxLength: 1024,
  })
  @IsObjectKey()
  readonly key: string;

  @ApiPropertyOptional({
    description:
      'Exact size in bytes: signed, together with `content_type`. Both are required if there is a byte quota',
    type: 'integer',
    format: 'int64',
    minimum: 1,
    maximum: MAX_UPLOAD_SIZE,
    example: 482_133,
  })
  @IsOptional()
  @ToWholeNumber()
  @IsWhole(1, MAX_UPLOAD_SIZE)
  readonly file_size?: number;

  @ApiPropertyOptional({
    ...CONTENT_TYPE_FIELD,
    description: `${CONTENT_TYPES}, or \`application/octet-stream\`: signed, together with \`file_size\``,
  })
  @IsOptional()
  @IsLike(CONTENT_TYPE, NOT_A_CONTENT_TYPE)
  readonly content_type?: string;
}

export function toAnnouncement({ file_size: fileSize, content_type: type }: PresignedUrlQuery): Announcement {
  return {
    ...(fileSize !== undefined && { fileSize }),
    ...(type !== undefined && { contentType: normalizedType(type) }),
  };
}

export function toSignedUrlDto({ url, expiresAt }: SignedUrl): SignedUrlDto {
  return { url, expires_at: toIso(expiresAt) };
}

export function toPresignedUrlDto(signed: SignedUrl | UploadTicket): PresignedUrlDto {
  return 'headers' in signed ? toUploadDto(signed) : toSignedUrlDto(signed);
}

export function toUploadDto({ method, headers, ...signed }: UploadTicket): UploadDto {
  return { ...toSignedUrlDto(signed), method, headers };
}
