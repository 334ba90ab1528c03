import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { ValidationError } from '../../common/errors/domain-errors.js';
import { parseCursor, toCursor } from '../../common/pagination/cursor.js';
import { IsCursor } from '../../common/pagination/next-page.js';
import { parseInstant } from '../../common/time.js';
import {
  IsInstantOfQuery,
  IsLike,
  IsOneOf,
  IsText,
  IsWhole,
  ToWholeNumber,
} from '../../common/validation/rules.js';
import type { AudioFileStatus, ListPosition, ListRequest, Range } from '../records/audio-file.js';
import {
  BYTES,
  CONTENT_TYPE,
  CONTENT_TYPE_FIELD,
  MAX_FILE_SIZE,
  normalizedType,
  NOT_A_CONTENT_TYPE,
} from './fields.js';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

const ORDERS = ['newest', 'oldest'] as const;
const STATUSES = ['pending', 'ready'] as const;

const INSTANT = { type: String, format: 'date-time', maxLength: 40 } as const;

export class ListAudioFilesQuery {
  @ApiPropertyOptional({
    description: 'Maximum number of records',
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: DEFAULT_LIMIT,
    example: DEFAULT_LIMIT,
  })
  @ToWholeNumber()
  @IsWhole(1, MAX_LIMIT)
  readonly limit: number = DEFAULT_LIMIT;

  @ApiPropertyOptional({
    description: '`X-Next-Cursor` of the previous page',
    maxLength: 200,
    example: 'MTc1ODc2MjM4MS9jMWI3ZDBjMi01OGE1LTRkMGYtOWE1My02YTNiMGE0YzdmMTA',
  })
  @IsOptional()
  @IsCursor()
  readonly cursor?: string;

  @ApiPropertyOptional({
    description: 'By time of upload',
    enum: ORDERS,
    default: 'newest',
    example: 'newest',
  })
  @IsOneOf(ORDERS)
  readonly order: (typeof ORDERS)[number] = 'newest';

  @ApiPropertyOptional({
    ...INSTANT,
    description: 'Uploaded at this time or later. Earlier records cost nothing',
  })
  @IsOptional()
  @IsInstantOfQuery()
  readonly uploaded_from?: string;

  @ApiPropertyOptional({
    ...INSTANT,
    description: 'Uploaded at this time or earlier. Later records cost nothing',
  })
  @IsOptional()
  @IsInstantOfQuery()
  readonly uploaded_to?: string;

  @ApiPropertyOptional({ ...INSTANT, description: 'Recorded at this time or later' })
  @IsOptional()
  @IsInstantOfQuery()
  readonly recorded_from?: string;

  @ApiPropertyOptional({ ...INSTANT, description: 'Recorded at this time or earlier' })
  @IsOptional()
  @IsInstantOfQuery()
  readonly recorded_to?: string;

  @ApiPropertyOptional({
    description: 'Has this tag; case and Unicode composition are ignored',
    minLength: 1,
    maxLength: 40,
    example: 'interview',
  })
  @IsOptional()
  @IsText(1, 40)
  readonly tag?: string;

  @ApiPropertyOptional({ ...CONTENT_TYPE_FIELD, description: 'Has this type; parameters are ignored' })
  @IsOptional()
  @IsLike(CONTENT_TYPE, NOT_A_CONTENT_TYPE)
  readonly content_type?: string;

  @ApiPropertyOptional({ enum: STATUSES, example: 'ready' })
  @IsOptional()
  @IsOneOf(STATUSES)
  readonly status?: AudioFileStatus;

  @ApiPropertyOptional({ ...BYTES, description: 'Minimum size in bytes', example: 1000 })
  @IsOptional()
  @ToWholeNumber()
  @IsWhole(0, MAX_FILE_SIZE)
  readonly min_size?: number;

  @ApiPropertyOptional({ ...BYTES, description: 'Maximum size in bytes', example: 1_000_000 })
  @IsOptional()
  @ToWholeNumber()
  @IsWhole(0, MAX_FILE_SIZE)
  readonly max_size?: number;

  @ApiPropertyOptional({
    description: 'Part of the title or of the key; case and Unicode composition are ignored',
    minLength: 1,
    maxLength: 200,
    example: 'monday',
  })
  @IsOptional()
  @IsText(1, 200)
  readonly q?: string;
}

/** The filters of {@link ListAudioFilesQuery}: the service reads many records to return a few. */
const FILTERS: readonly (keyof ListAudioFilesQuery)[] = [
  ...(['recorded_from', 'recorded_to', 'tag', 'content_type'] as const),
  ...(['status', 'min_size', 'max_size', 'q'] as const),
];

/** Whether a query, before validation, has a filter. */
export function isFiltered(query: object): boolean {
  return FILTERS.some((name) => name in query);
}

/** @throws ValidationError if a range ends before it begins */
export function toListRequest(query: ListAudioFilesQuery): ListRequest {
  const uploaded = instants(query, 'uploaded_from', 'uploaded_to');
  const recorded = instants(query, 'recorded_from', 'recorded_to');
  const size = range(query.min_size, query.max_size, 'min_size', 'max_size');
  return {
    limit: query.limit,
    order: query.order,
    after: query.cursor === undefined ? undefined : positionOf(query.cursor),
    uploaded: uploaded ?? {},
    filter: {
      ...(recorded && { recorded }),
      ...(size && { size }),
      tag: query.tag,
      contentType: query.content_type === undefined ? undefined : normalizedType(query.content_type),
      status: query.status,
      text: query.q,
    },
  };
}

/** The cursor of the next page. */
export function cursorOf({ uploadedAt, fileId }: ListPosition): string {
  return toCursor({ time: uploadedAt, id: fileId });
}

function positionOf(cursor: string): ListPosition | undefined {
  const position = parseCursor(cursor);
  return position && { uploadedAt: position.time, fileId: position.id };
}

type InstantName = 'uploaded_from' | 'uploaded_to' | 'recorded_from' | 'recorded_to';

function instants(query: ListAudioFilesQuery, from: InstantName, to: InstantName): Range | undefined {
  const read = (name: InstantName) => (query[name] === undefined ? undefined : parseInstant(query[name]));
  return range(read(from), read(to), from, to);
}

function range(
  from: number | undefined,
  to: number | undefined,
  fromName: string,
  toName: string,
): Range | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from !== undefined && to !== undefined && from > to) {
    throw new ValidationError([{ field: toName, message: `${toName} must not be before ${fromName}` }]);
  }
  return { from, to };
}
