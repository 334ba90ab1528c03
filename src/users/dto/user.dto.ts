import { ApiProperty } from '@nestjs/swagger';
import { toIso } from '../../common/time.js';
import type { User } from '../user.js';

/** OpenAPI schema of a user id. */
export const USER_ID = {
  format: 'uuid',
  example: '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11',
  maxLength: 64,
} as const;

/** An account, as sent to its owner. */
export class UserDto {
  @ApiProperty(USER_ID)
  readonly user_id: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com', maxLength: 254 })
  readonly email: string;

  @ApiProperty({ format: 'date-time', example: '2025-09-25T01:06:21Z', maxLength: 20 })
  readonly created_at: string;
}

export function toUserDto(user: Pick<User, 'userId' | 'email' | 'createdAt'>): UserDto {
  return { user_id: user.userId, email: user.email, created_at: toIso(user.createdAt) };
}
