import { ApiProperty } from '@nestjs/swagger';
import { ExportedAudioFileDto } from '../../audio-files/dto/exported-audio-file.dto.js';
import { SessionDto } from '../../sessions/dto/session.dto.js';
import { UserDto } from '../../users/dto/user.dto.js';

/** The account in an export. */
export class ExportedUserDto extends UserDto {
  @ApiProperty({
    description: '32 bytes in hexadecimal',
    example: '8f14e45fceea167a5a36dedd4bea2543c1f0e6a9b7d84f2a9d3c5e7f01234567',
    pattern: '^[0-9a-f]{64}$',
    minLength: 64,
    maxLength: 64,
  })
  readonly key_salt: string;
}

/** Everything that the service stores about a user, except the password hash. */
export class ExportDto {
  @ApiProperty()
  readonly user: ExportedUserDto;

  @ApiProperty({ type: [SessionDto] })
  readonly sessions: SessionDto[];

  @ApiProperty({ type: [ExportedAudioFileDto] })
  readonly audio_files: ExportedAudioFileDto[];
}
