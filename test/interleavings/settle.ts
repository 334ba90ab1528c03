import type { Fleet } from './fleet.js';
import type { World } from './world.js';

/**
 * What the service does later by itself, done now: what is looked at after a run is what is there in the end.
 *
 * There is nothing of the kind yet. The delayed sweep of closed accounts belongs here.
 */
export async function settle(_fleet: Fleet, _world: World): Promise<void> {}
