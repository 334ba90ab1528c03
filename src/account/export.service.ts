import { Injectable } from '@nestjs/common';
import type { AudioFile } from '../audio-files/audio-file.js';
import { AudioFilesService } from '../audio-files/audio-files.service.js';
import { AudioObjectsService } from '../audio-files/audio-objects.service.js';
import { toAudioFileDto } from '../audio-files/dto/audio-file.dto.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { renewDatabaseBudget } from '../common/request-context.js';
import { toSessionDto } from '../sessions/dto/session.dto.js';
import { signInReference } from '../sessions/session.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { toUserDto } from '../users/dto/user.dto.js';
import { AccountService } from './account.service.js';
import type { ExportedAudioFileDto } from './dto/export.dto.js';

/** Everything held about a user, as one JSON document. */
@Injectable()
export class ExportService {
  constructor(
    private readonly account: AccountService,
    private readonly sessions: SessionsService,
    private readonly audioFiles: AudioFilesService,
    private readonly audioObjects: AudioObjectsService,
  ) {}

  /**
   * The document in pieces, of which only one is in memory at a time. What can fail before the first piece fails here;
   * where a later one fails the document ends unfinished, which no JSON parser accepts.
   *
   * @throws UnavailableError where the database cannot serve now
   */
  async start(caller: Caller): Promise<AsyncGenerator<string>> {
    const user = await this.account.profile(caller);
    const sessions = await this.sessions.list(caller.userId);
    const head = JSON.stringify({
      user: { ...toUserDto(user), key_salt: user.keySalt.toString('hex') },
      sessions: sessions.map((session) => toSessionDto(session, signInReference(caller))),
    });
    return this.pieces(head, caller.userId);
  }

  private async *pieces(head: string, userId: string): AsyncGenerator<string> {
    yield `${head.slice(0, -1)},"audio_files":[`;
    let separator = '';
    for await (const page of this.audioFiles.pages(userId)) {
      renewDatabaseBudget();
      if (page.length === 0) continue;
      yield separator + page.map((file) => JSON.stringify(this.exported(file))).join(',');
      separator = ',';
    }
    yield ']}\n';
  }

  private exported(file: AudioFile): ExportedAudioFileDto {
    return { ...toAudioFileDto(file), object_kept: this.audioObjects.isKept(file) };
  }
}
