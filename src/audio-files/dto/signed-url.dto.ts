import { ApiProperty } from '@nestjs/swagger';
import { toIso } from '../../common/time.js';
import { IsObjectKey } from '../../common/validation/rules.js';
import type { SignedUrl } from '../../storage/presigner.js';
import type { UploadTicket } from '../audio-objects.service.js';

/** An address that works without a token. */
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
  @ApiProperty({ enum: ['PUT'], example: 'PUT' })
  readonly method: 'PUT';

  @ApiProperty({
    description: 'To be sent exactly so. Browsers set Content-Length by themselves',
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 1024 },
    example: { 'Content-Type': 'audio/mp4', 'Content-Length': '482133' },
  })
  readonly headers: Readonly<Record<string, string>>;
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
}

export function toSignedUrlDto({ url, expiresAt }: SignedUrl): SignedUrlDto {
  return { url, expires_at: toIso(expiresAt) };
}

export function toUploadDto({ method, headers, ...signed }: UploadTicket): UploadDto {
  return { ...toSignedUrlDto(signed), method, headers };
}
