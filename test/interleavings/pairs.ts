import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Exploration, explore, type Failure, runAndCheck } from './explore.js';
import { type Fleet, type FleetOptions, startFleet } from './fleet.js';
import { parseVariant, type Scenario, titleOf, type Variant } from './scenario.js';
import { parseOrder } from './schedule.js';

/** Failing orders that are shown of a scenario, each with other faults. */
const SHOWN = 4;

const MINUTES_MS = 60_000;

/** How many preemptions the orders of a scenario have. */
export interface Depth {
  readonly plain: number;
  /** Of the variants in which something goes wrong besides; none are run where it is left out. */
  readonly faulty?: number;
}

/** All orders of everything, in place of those that fit into CI. */
export const EXPLORE_ALL = process.env['EXPLORE'] === 'all';

const REPLAY = process.env['EXPLORE_REPLAY'];

/**
 * A test for each scenario, on instances that all of them share.
 *
 * @param options of the instances
 */
export function exploreAll(
  title: string,
  scenarios: readonly { scenario: Scenario; depth: Depth }[],
  options: FleetOptions = {},
): void {
  const [replayed, variant = '', order = ''] = (REPLAY ?? '').split('|').map((part) => part.trim());
  const wanted = scenarios.filter(({ scenario }) => REPLAY === undefined || titleOf(scenario) === replayed);
  if (wanted.length === 0) return;

  describe(title, () => {
    let fleet: Fleet;

    beforeAll(async () => {
      fleet = await startFleet(options);
    }, MINUTES_MS);

    afterAll(async () => fleet.close());

    it.each(wanted.map(({ scenario, depth }) => [titleOf(scenario), scenario, depth] as const))(
      '%s',
      async (name, scenario, depth) => {
        const explorations =
          REPLAY === undefined
            ? await everyVariant(fleet, scenario, depth)
            : [await replay(fleet, scenario, parseVariant(variant), order)];
        const failures = explorations.flatMap((exploration) => exploration.failures);
        const orders = explorations.reduce((sum, exploration) => sum + exploration.orders, 0);
        const unfollowed = explorations.reduce((sum, exploration) => sum + exploration.unfollowed, 0);
        const leftOut = explorations.reduce((sum, exploration) => sum + exploration.leftOut, 0);
        count({ name, orders, leftOut, failures: failures.length, unfollowed });
        expect(messageOf(failures, orders)).toBe('');
      },
      60 * MINUTES_MS,
    );
  });
}

async function everyVariant(fleet: Fleet, scenario: Scenario, depth: Depth): Promise<Exploration[]> {
  const plain = EXPLORE_ALL ? Infinity : depth.plain;
  const found = [await explore(fleet, scenario, { kind: 'plain' }, plain)];
  if (depth.faulty === undefined) return found;
  const faulty = EXPLORE_ALL ? 1 : depth.faulty;
  found.push(await explore(fleet, scenario, { kind: 'stale-index' }, faulty));
  for (const operation of scenario.operations.keys()) {
    found.push(await explore(fleet, scenario, { kind: 'lost', operation }, faulty));
    for (let calls = 1; ; calls++) {
      const { run } = await runAndCheck(fleet, scenario, { kind: 'stop', operation, calls }, []);
      // So many calls it does not make: its process ended after the answer, which is the variant before.
      if (!run.operations.some(({ isPartial, actor }) => isPartial && actor.wasStopped)) break;
      found.push(await explore(fleet, scenario, { kind: 'stop', operation, calls }, faulty));
    }
  }
  return found;
}

async function replay(
  fleet: Fleet,
  scenario: Scenario,
  variant: Variant,
  order: string,
): Promise<Exploration> {
  const { run, failure } = await runAndCheck(fleet, scenario, variant, parseOrder(order));
  for (const { name, answer, actor } of run.operations) {
    const calls = actor.made.map((call) => (call.succeeded ? call.name : `${call.name} (failed)`));
    process.stderr.write(`${name}: ${answer ?? 'unknown'}; calls: ${calls.join(', ')}\n`);
  }
  return { orders: 1, failures: failure ? [failure] : [], leftOut: 0, unfollowed: run.isFollowed ? 0 : 1 };
}

/** What failed, with an order to replay for each kind of it. */
function messageOf(failures: readonly Failure[], orders: number): string {
  if (failures.length === 0) return '';
  const kinds = new Map<string, Failure>();
  for (const failure of failures) {
    const kind = failure.faults.join('; ');
    // The shortest order says most.
    const known = kinds.get(kind);
    if (!known || failure.sequence.length < known.sequence.length) kinds.set(kind, failure);
  }
  const shown = [...kinds.values()].slice(0, SHOWN);
  return [
    `${failures.length} of ${orders} orders failed, in ${kinds.size} ways`,
    ...shown.map(({ sequence, faults, answers }) =>
      [...faults, ...answers.map((answer) => `  ${answer}`), `  --replay '${sequence}'`].join('\n'),
    ),
  ].join('\n\n');
}

/** Leaves the numbers of a scenario for the summary. */
function count(
  numbers: { name: string } & Record<Exclude<keyof Exploration, 'failures'>, number> & { failures: number },
): void {
  const file = process.env['EXPLORE_COUNTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(numbers)}\n`);
}
