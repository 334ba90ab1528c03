import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FieldError } from '../../errors/domain-errors.js';

/** Media type of every error (RFC 9457). */
export const PROBLEM_JSON = 'application/problem+json';

/** One entry of {@link ProblemDto.errors}. */
export class FieldErrorDto implements FieldError {
  @ApiProperty({ description: 'Name of the field or parameter', example: 'password', maxLength: 256 })
  readonly field: string;

  @ApiProperty({
    description: 'What is wrong with it. Never contains the submitted value',
    example: 'Password must be at least 8 characters',
    maxLength: 1024,
  })
  readonly message: string;
}

/** Problem details (RFC 9457), the body of every error. */
export class ProblemDto {
  @ApiProperty({
    description: 'Type of problem. `about:blank`: the same as the status',
    example: 'about:blank',
    format: 'uri-reference',
    maxLength: 256,
  })
  readonly type: string;

  @ApiProperty({ description: 'Name of the status', example: 'Bad Request', maxLength: 64 })
  readonly title: string;

  @ApiProperty({ description: 'HTTP status', example: 400, type: 'integer', minimum: 400, maximum: 599 })
  readonly status: number;

  @ApiProperty({
    description: 'One sentence about this occurrence',
    example: 'Password must be at least 8 characters',
    maxLength: 1024,
  })
  readonly detail: string;

  @ApiProperty({
    description: 'Path of the request',
    example: '/api/register',
    format: 'uri-reference',
    maxLength: 16384,
  })
  readonly instance: string;

  @ApiProperty({
    description: 'Id of the request in the logs; also in the header `X-Request-Id`',
    example: '0b5f2c0e-6f2f-4a9b-8a44-0f3f5d0c9d11',
    maxLength: 128,
  })
  readonly request_id: string;

  @ApiPropertyOptional({
    description: 'All invalid fields; only for validation errors',
    type: [FieldErrorDto],
    maxItems: 100,
  })
  readonly errors?: readonly FieldErrorDto[];
}
