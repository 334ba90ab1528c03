import { ApiProperty } from '@nestjs/swagger';
import { toIso } from '../../common/time.js';
import type { User } from '../../users/user.js';

const USER_ID = { format: 'uuid', example: '5f0c7a52-5d0b-4a0e-9d0e-0d6a3f1f3b11', maxLength: 64 } as const;

export class UserDto {
  @ApiProperty(USER_ID)
  readonly user_id: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com', maxLength: 254 })
  readonly email: string;

  @ApiProperty({ format: 'date-time', example: '2025-09-25T01:06:21Z', maxLength: 20 })
  readonly created_at: string;
}

/** What register and login answer. */
export class SignedInDto {
  @ApiProperty({
    description: 'Bearer token (JWT, HS256), valid for 30 days',
    example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiNWYwYzdhNTIifQ.c2lnbmF0dXJl',
    maxLength: 4096,
  })
  readonly token: string;

  @ApiProperty(USER_ID)
  readonly user_id: string;

  @ApiProperty({
    description: '32 bytes in hexadecimal, for key derivation on the client',
    example: '8f14e45fceea167a5a36dedd4bea2543c1f0e6a9b7d84f2a9d3c5e7f01234567',
    pattern: '^[0-9a-f]{64}$',
    minLength: 64,
    maxLength: 64,
  })
  readonly key_salt: string;

  @ApiProperty()
  readonly user: UserDto;
}

export function toSignedIn(user: User, token: string): SignedInDto {
  return { token, user_id: user.userId, key_salt: user.keySalt.toString('hex'), user: toUserDto(user) };
}

function toUserDto(user: User): UserDto {
  return { user_id: user.userId, email: user.email, created_at: toIso(user.createdAt) };
}
