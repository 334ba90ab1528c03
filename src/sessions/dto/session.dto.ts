import { ApiProperty } from '@nestjs/swagger';
import { toIso } from '../../common/time.js';
import type { Session } from '../session.js';

const INSTANT = { format: 'date-time', maxLength: 20 } as const;

/** A signed-in device, as sent to its owner. */
export class SessionDto {
  @ApiProperty({ format: 'uuid', example: '1d5f6844-210d-4dd0-a106-e80f455ef203', maxLength: 64 })
  readonly session_id: string;

  @ApiProperty({ ...INSTANT, example: '2025-09-25T01:06:21Z' })
  readonly created_at: string;

  @ApiProperty({ ...INSTANT, description: 'With a precision of one hour', example: '2025-09-27T18:00:05Z' })
  readonly last_used_at: string;

  @ApiProperty({ description: 'Readable name of the device', example: 'Safari on iPhone', maxLength: 80 })
  readonly device: string;

  @ApiProperty({ description: 'Whether it is the session of this request', example: true })
  readonly current: boolean;
}

/** A new token. */
export class TokenDto {
  @ApiProperty({
    description: 'Bearer token (JWT, HS256), valid for 30 days',
    example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiNWYwYzdhNTIifQ.c2lnbmF0dXJl',
    maxLength: 4096,
  })
  readonly token: string;
}

export function toSessionDto(session: Session, currentSessionId: string | undefined): SessionDto {
  return {
    session_id: session.sessionId,
    created_at: toIso(session.createdAt),
    last_used_at: toIso(session.lastUsedAt),
    device: session.device,
    current: session.sessionId === currentSessionId,
  };
}
