import { ClosedAccountsService, SWEEP_DELAY_SECONDS } from '../../src/account/closed-accounts.service.js';
import { nowSeconds } from '../../src/common/time.js';
import type { Fleet } from './fleet.js';
import type { Scenario } from './scenario.js';
import type { World } from './world.js';

const underWay = new WeakMap<Fleet, Promise<void>>();

/**
 * What the service does later by itself, done now: what is looked at after a run is what is there in the end. Closed
 * accounts are swept. The instance without caches does it, which knows of no other run's accounts: one that is still run
 * must not be swept yet.
 */
export async function settle(fleet: Fleet, world: World, { operations }: Scenario): Promise<void> {
  if (!operations.some(({ closesAccount }) => closesAccount)) return;
  const sweeper = fleet.fresh.app.get(ClosedAccountsService);
  // One after the other: a sweep gives no account to somebody else's that is under way.
  const turn = (underWay.get(fleet) ?? Promise.resolve()).then(async () => {
    for (const userId of world.accounts.values()) sweeper.schedule(userId, nowSeconds());
    await sweeper.sweepDue(nowSeconds() + SWEEP_DELAY_SECONDS + 1);
  });
  underWay.set(fleet, turn);
  await turn;
}
