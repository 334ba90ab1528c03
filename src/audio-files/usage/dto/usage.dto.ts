import { ApiProperty } from '@nestjs/swagger';
import { type Amount, MAX_TYPES, type Usage } from '../usage.service.js';

const COUNT = { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

export class BytesDto {
  @ApiProperty({ ...COUNT, description: 'Of audio that the service saw in S3', example: 48_213_300 })
  readonly verified: number;

  @ApiProperty({ ...COUNT, description: 'Of audio that only a client told of', example: 0 })
  readonly claimed: number;
}

/** What some records amount to. */
export class AmountDto {
  @ApiProperty({ ...COUNT, description: 'Records', example: 100 })
  readonly count: number;

  @ApiProperty()
  readonly bytes: BytesDto;
}

export class MonthAmountDto extends AmountDto {
  @ApiProperty({
    description: 'Of the upload, in UTC',
    pattern: '^[0-9]{4}-[0-9]{2}$',
    maxLength: 7,
    example: '2025-09',
  })
  readonly month: string;
}

export class TypeAmountDto extends AmountDto {
  @ApiProperty({
    description: 'Without parameters; null where unknown',
    type: String,
    nullable: true,
    maxLength: 100,
    example: 'audio/mp4',
  })
  readonly content_type: string | null;
}

export class QuotaDto {
  @ApiProperty({
    ...COUNT,
    description: 'Records one may keep; null for no limit',
    nullable: true,
    example: 5000,
  })
  readonly max_files: number | null;

  @ApiProperty({
    ...COUNT,
    description: 'Bytes one may keep; null for no limit',
    nullable: true,
    example: null,
  })
  readonly max_bytes: number | null;
}

/** What a user keeps. */
export class UsageDto extends AmountDto {
  @ApiProperty({ type: [MonthAmountDto], description: 'Oldest first', maxItems: 12_000 })
  readonly by_month: MonthAmountDto[];

  @ApiProperty({
    type: [TypeAmountDto],
    description: 'Largest count first. Types beyond that many count in the totals only',
    maxItems: MAX_TYPES,
  })
  readonly by_content_type: TypeAmountDto[];

  @ApiProperty()
  readonly quota: QuotaDto;
}

export function toUsageDto({ total, byMonth, byContentType, quota }: Usage): UsageDto {
  return {
    ...toAmountDto(total),
    by_month: [...byMonth].map(([month, amount]) => ({ month, ...toAmountDto(amount) })),
    by_content_type: [...byContentType].map(([type, amount]) => ({
      content_type: type,
      ...toAmountDto(amount),
    })),
    quota: { max_files: quota.maxFiles ?? null, max_bytes: quota.maxBytes ?? null },
  };
}

function toAmountDto({ count, bytesVerified, bytesClaimed }: Amount): AmountDto {
  return { count, bytes: { verified: bytesVerified, claimed: bytesClaimed } };
}
