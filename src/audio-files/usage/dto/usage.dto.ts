import { ApiProperty } from '@nestjs/swagger';
import { type Amount, MAX_TYPES, type Usage } from '../usage.service.js';

const COUNT = { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

export class BytesDto {
  @ApiProperty({
    ...COUNT,
    description: 'Bytes of audio that the service has checked in S3',
    example: 48_213_300,
  })
  readonly verified: number;

  @ApiProperty({ ...COUNT, description: 'Bytes of audio that only a client has announced', example: 0 })
  readonly claimed: number;
}

/** Totals of a set of records. */
export class AmountDto {
  @ApiProperty({ ...COUNT, description: 'Number of records', example: 100 })
  readonly count: number;

  @ApiProperty()
  readonly bytes: BytesDto;
}

export class MonthAmountDto extends AmountDto {
  @ApiProperty({
    description: 'Month of the upload, in UTC',
    pattern: '^[0-9]{4}-[0-9]{2}$',
    maxLength: 7,
    example: '2025-09',
  })
  readonly month: string;
}

export class TypeAmountDto extends AmountDto {
  @ApiProperty({
    description: 'Media type without parameters; null if unknown',
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
    description: 'Maximum number of records; null for no limit',
    nullable: true,
    example: 5000,
  })
  readonly max_files: number | null;

  @ApiProperty({
    ...COUNT,
    description: 'Maximum number of bytes; null for no limit',
    nullable: true,
    example: null,
  })
  readonly max_bytes: number | null;
}

/** Totals of a user. */
export class UsageDto extends AmountDto {
  @ApiProperty({ type: [MonthAmountDto], description: 'Oldest first', maxItems: 12_000 })
  readonly by_month: MonthAmountDto[];

  @ApiProperty({
    type: [TypeAmountDto],
    description: 'Largest count first. Further types count in the totals only',
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
