import { setTimeout as sleep } from 'node:timers/promises';
import type { Fixtures } from './fixtures.js';
import { flood, type Measurement, measure } from './load.js';
import { getOne, login } from './scenarios.js';

/** Reads during a flood of logins. */
export interface FloodResult {
  readonly idle: Measurement;
  readonly flooded: Measurement;
  /** Number of logins by status, and without a response; over `seconds`. */
  readonly logins: Awaited<ReturnType<typeof flood>>;
}

const READERS = 5;
export const FLOOD_CLIENTS = 50;
/** The flood starts this long before the measurement and ends this long after it. Seconds. */
const LEAD = 1;
const TAIL = 0.5;

/** Measures reads alone, then the same reads during a flood of logins. */
export async function measureLoginFlood(
  url: string,
  fixtures: Fixtures,
  seconds: number,
): Promise<FloodResult> {
  const reads = getOne(url, fixtures, READERS);
  await measure(reads, LEAD);
  const idle = await measure(reads, seconds);
  const during = async (): Promise<Measurement> => {
    await sleep(LEAD * 1000);
    return measure(reads, seconds);
  };
  const [logins, flooded] = await Promise.all([
    flood(login(url, fixtures, FLOOD_CLIENTS), LEAD + seconds + TAIL),
    during(),
  ]);
  return { idle, flooded, logins };
}
