import { ClosedAccountsService } from '../../src/account/closed-accounts.service.js';
import { SWEEP_DELAY_SECONDS } from '../../src/account/sweep-delay.js';
import type { Fleet } from './fleet.js';
import type { World } from './world.js';

/**
 * What the service does later by itself, done now: what is looked at after a run is what is there in the end.
 *
 * That is the sweep of deleted accounts. By the third instance, since what the others know of it may have ended with them.
 */
export async function settle({ fresh }: Fleet, { accounts }: World): Promise<void> {
  const closedAccounts = fresh.app.get(ClosedAccountsService, { strict: false });
  const due = Math.floor(Date.now() / 1000) + SWEEP_DELAY_SECONDS + 1;
  for (const userId of accounts.values()) await closedAccounts.sweep(userId, due);
}
