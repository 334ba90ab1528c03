import { ClosedAccountsService } from '../../src/account/closed-accounts.service.js';
import { SWEEP_DELAY_SECONDS } from '../../src/account/sweep-delay.js';
import { nowSeconds } from '../../src/common/time.js';
import type { Fleet } from './fleet.js';
import type { Scenario } from './scenario.js';
import type { World } from './world.js';

/**
 * What the service does later by itself, done now: what is looked at after a run is what is there in the end. Accounts
 * that were deleted are swept, by the third instance, since what the others know of them may have ended with them.
 */
export async function settle({ fresh }: Fleet, { accounts }: World, { operations }: Scenario): Promise<void> {
  if (!operations.some(({ closesAccount }) => closesAccount)) return;
  const closedAccounts = fresh.app.get(ClosedAccountsService, { strict: false });
  const due = nowSeconds() + SWEEP_DELAY_SECONDS + 1;
  for (const userId of accounts.values()) await closedAccounts.sweep(userId, due);
}
