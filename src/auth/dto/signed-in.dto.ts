import { ApiProperty } from '@nestjs/swagger';
import { toUserDto, USER_ID, UserDto } from '../../users/dto/user.dto.js';
import type { User } from '../../users/user.js';

/** Response of register and login. */
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
