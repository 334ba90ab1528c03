import { ApiProperty } from '@nestjs/swagger';
import type { AudioFile } from '../records/audio-file.js';
import { AudioFileDto, toAudioFileDto } from './audio-file.dto.js';

/** A record in an export. */
export class ExportedAudioFileDto extends AudioFileDto {
  @ApiProperty({
    description:
      'Whether its audio is in your own folder, and is therefore deleted with the record and the account',
    example: true,
  })
  readonly object_kept: boolean;
}

/** @param isKept whether its audio is in a folder of the owner */
export function toExportedAudioFileDto(file: AudioFile, isKept: boolean): ExportedAudioFileDto {
  return { ...toAudioFileDto(file), object_kept: isKept };
}
