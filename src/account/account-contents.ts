import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/http/caller.decorator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SESSIONS_DATA } from '../sessions/sessions.user-data.js';
import type { UserDataHolder } from '../user-data/user-data.registry.js';
import { UserDataRegistry } from '../user-data/user-data.registry.js';

/** How many of each thing were removed, by the name of who held it. */
export type RemovedContents = Record<string, number>;

/** All that belongs to an account besides its own row. */
@Injectable()
export class AccountContents {
  constructor(
    private readonly registry: UserDataRegistry,
    private readonly sessions: SessionsService,
  ) {}

  /** Nothing removed so far. */
  none(): RemovedContents {
    return Object.fromEntries(this.registry.holders.map(({ name }) => [name, 0]));
  }

  /**
   * Removes everything, page by page: objects before the records that tell of them, then the sign-ins. Records and objects
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
    const removeFrom = async ({ name, data }: UserDataHolder) => {
      const onRemoved = (count: number) => {
        removed[name] = (removed[name] ?? 0) + count;
        onPage();
      };
      await data.removeAll(userId, { ...(except !== undefined && { except }), onRemoved });
    };
    const { holders } = this.registry;
    for (const holder of holders) await removeFrom(holder);
    for (const holder of holders.toReversed()) if (holder.step !== 'sign-ins') await removeFrom(holder);
  }

  /**
   * Removes the caller's own session, when there is nothing else left; see `SessionsService.endLast`.
   *
   * @param removed is added to
   */
  async removeLast(caller: Caller, removed: RemovedContents): Promise<void> {
    removed[SESSIONS_DATA] = (removed[SESSIONS_DATA] ?? 0) + (await this.sessions.endLast(caller));
  }
}
