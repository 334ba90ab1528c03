import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import type { AuthenticatedRequest } from '../common/http/caller.decorator.js';
import type { AudioFile } from './records/audio-file.js';
import { AudioFilesService } from './audio-files.service.js';

interface AudioFileRequest extends AuthenticatedRequest {
  audioFile: AudioFile;
}

/**
 * Runs before every route below `/api/audio-file/{file_id}`: loads the record once, compares the owner with the caller
 * and attaches the record for {@link OwnedAudioFile}.
 */
@Injectable()
export class AudioFileOwnerGuard implements CanActivate {
  constructor(private readonly files: AudioFilesService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AudioFileRequest>();
    const toRead = request.method === 'GET' || request.method === 'HEAD';
    const fileId = String(request.params['file_id']);
    request.audioFile = await this.files.getOwned(fileId, request.user.userId, toRead);
    return true;
  }
}

/** The record that {@link AudioFileOwnerGuard} loaded. */
export const OwnedAudioFile = createParamDecorator(
  (_: unknown, context: ExecutionContext): AudioFile =>
    context.switchToHttp().getRequest<AudioFileRequest>().audioFile,
);
