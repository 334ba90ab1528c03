import { Injectable } from '@nestjs/common';
import { AudioFilesService } from '../audio-files/audio-files.service.js';
import { AudioObjectsService } from '../audio-files/audio-objects.service.js';
import type { Caller } from '../common/http/caller.decorator.js';
import { SessionsService } from '../sessions/sessions.service.js';

/** How many of each thing was removed. */
export interface RemovedContents {
  /** In S3. */
  objects: number;
  audioFiles: number;
  sessions: number;
}

/** All that belongs to an account besides its own row. */
@Injectable()
export class AccountContents {
  constructor(
    private readonly sessions: SessionsService,
    private readonly audioFiles: AudioFilesService,
    private readonly audioObjects: AudioObjectsService,
  ) {}

  /**
   * Removes everything, page by page: the audio before the records that tell of it, then the sessions. Records and audio
   * once more at the end: what a request had begun when the account was closed is there by then.
   *
   * @param except the session that goes on
   * @param removed is added to
   * @param onPage is called after each page
   */
  async remove(
    userId: string,
    except: string | undefined,
    removed: RemovedContents,
    onPage: () => void,
  ): Promise<void> {
    const count = (what: keyof RemovedContents) => (number: number) => {
      removed[what] += number;
      onPage();
    };
    await this.audioObjects.removeAll(userId, count('objects'));
    await this.audioFiles.removeAll(userId, count('audioFiles'));
    await this.sessions.removeAll(userId, except, count('sessions'));
    await this.audioFiles.removeAll(userId, count('audioFiles'));
    await this.audioObjects.removeAll(userId, count('objects'));
  }

  /** Removes the caller's own session, when there is nothing else left; see `SessionsService.endLast`. */
  async removeLast(caller: Caller): Promise<number> {
    return this.sessions.endLast(caller);
  }
}
