import { Injectable } from '@nestjs/common';
import type { Caller } from '../common/http/caller.decorator.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SESSIONS_DATA } from '../sessions/sessions.user-data.js';
import type { UserDataHolder } from '../user-data/user-data.registry.js';
import { UserDataRegistry } from '../user-data/user-data.registry.js';

/** Number of removed items, by the name of the data. */
export type RemovedContents = Record<string, number>;

/** All data of an account except its own row. */
@Injectable()
export class AccountContents {
  constructor(
    private readonly registry: UserDataRegistry,
    private readonly sessions: SessionsService,
  ) {}

  /** An empty result. */
  none(): RemovedContents {
    return Object.fromEntries(this.registry.holders.map(({ name }) => [name, 0]));
  }

  /**
   * Removes everything, page by page: objects before their records, then the sign-ins. Records and objects are removed
   * once more at the end, because requests that had begun before the account was closed may have written some
   * meanwhile.
   *
   * @param except the session that is kept
   * @param removed the numbers are added to it
   * @param onPage called after each page
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
   * Removes the caller's own session when nothing else is left, see `SessionsService.endLast`.
   *
   * @param removed the number is added to it
   */
  async removeLast(caller: Caller, removed: RemovedContents): Promise<void> {
    removed[SESSIONS_DATA] = (removed[SESSIONS_DATA] ?? 0) + (await this.sessions.endLast(caller));
  }
}
