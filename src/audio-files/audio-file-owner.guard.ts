import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import type { AuthenticatedRequest } from '../common/http/caller.decorator.js';
import type { AudioFile } from './audio-file.js';
import { AudioFilesService } from './audio-files.service.js';

interface AudioFileRequest extends AuthenticatedRequest {
  audioFile: AudioFile;
}

/**
 * Stands before every route below `/api/audio-file/{file_id}`: loads the record once, compares the owner with the
 * caller and attaches the record for {@link OwnedAudioFile}.
 */
@Injectable()
export class AudioFileOwnerGuard implements CanActivate {
  constructor(private readonly files: AudioFilesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AudioFileRequest>();
    request.audioFile = await this.files.getOwned(String(request.params['file_id']), request.user.userId);
    return true;
  }
}

/** The record that {@link AudioFileOwnerGuard} loaded. */
export const OwnedAudioFile = createParamDecorator(
  (_: unknown, context: ExecutionContext): AudioFile =>
    context.switchToHttp().getRequest<AudioFileRequest>().audioFile,
);
