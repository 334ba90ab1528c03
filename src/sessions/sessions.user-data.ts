import type { Caller } from '../common/http/caller.decorator.js';
import { HoldsUserData, type Removal, type UserData } from '../user-data/user-data.js';
import { type SessionDto, toSessionDto } from './dto/session.dto.js';
import { signInReference } from '../common/sign-in.js';
import { SessionsService } from './sessions.service.js';

/** Name of sessions in an export and a receipt. */
export const SESSIONS_DATA = 'sessions';

/** The sessions of a user, for account deletion and export. */
@HoldsUserData({ name: SESSIONS_DATA, step: 'sign-ins', tables: ['sessions'] })
export class SessionsUserData implements UserData {
  constructor(private readonly sessions: SessionsService) {}

  async removeAll(userId: string, { except, onRemoved }: Removal): Promise<void> {
    await this.sessions.removeAll(userId, except, onRemoved);
  }

  /** The live sessions in one page: they are few. */
  async *exportPages(caller: Caller): AsyncGenerator<SessionDto[]> {
    const sessions = await this.sessions.list(caller.userId);
    yield sessions.map((session) => toSessionDto(session, signInReference(caller)));
  }
}
