import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsText, IsTextList } from '../../common/validation/rules.js';
import type { AudioFileChanges } from '../records/audio-file.js';
import { TAGS, TITLE } from './fields.js';

/**
 * JSON merge patch (RFC 7396): absent members are not changed, and `null` removes. An empty title removes the title
 * too.
 */
export class UpdateAudioFileDto {
  @ApiPropertyOptional({ ...TITLE, description: 'Cleared by null or an empty text', nullable: true })
  @IsOptional()
  @IsText(0, 200)
  readonly title?: string | null;

  @ApiPropertyOptional({ ...TAGS, description: 'All tags: a merge patch replaces a list', nullable: true })
  @IsOptional()
  @IsTextList(20, 40)
  readonly tags?: string[] | null;
}

export function toChanges({ title, tags }: UpdateAudioFileDto): AudioFileChanges {
  return {
    ...(title !== undefined && { title: title || null }),
    ...(tags !== undefined && { tags: [...new Set(tags ?? [])] }),
  };
}
