import type { Fleet } from './fleet.js';
import { commute } from './footprint.js';
import {
  answersNoDefect,
  leavesNothing,
  refusedWritesNothing,
  claimsMailboxes,
} from './invariants/tables.js';
import { readsAgree } from './invariants/reads.js';
import { keepsItsPromises } from './invariants/promises.js';
import { observe, type Observed } from './observe.js';
import { type Run, runOrder } from './run.js';
import { type Scenario, titleOf, type Variant, variantName } from './scenario.js';
import { formatOrder, type Prefix, Schedules } from './schedule.js';
import { settle } from './settle.js';
import { clear } from './world.js';

/** Runs under way at the same time: while one waits for the engine another one computes. */
const PARALLEL = 4;

const INVARIANTS: readonly ((run: Run, observed: Observed) => string[])[] = [
  answersNoDefect,
  refusedWritesNothing,
  keepsItsPromises,
  claimsMailboxes,
  leavesNothing,
];

/** An order after which something was wrong. */
export interface Failure {
  /** For `--replay`. */
  readonly sequence: string;
  readonly faults: readonly string[];
  /** What each operation answered. */
  readonly answers: readonly string[];
}

/** What came of the orders of a scenario. */
export interface Exploration {
  readonly orders: number;
  readonly failures: readonly Failure[];
  /** Orders that were not run, since a step less or more makes no difference to them. */
  readonly leftOut: number;
  /** Orders that could not be followed: something other than the calls decided. */
  readonly unfollowed: number;
}

/** Runs all orders of a scenario with at most so many preemptions. */
export async function explore(
  fleet: Fleet,
  scenario: Scenario,
  variant: Variant,
  maxPreemptions: number,
): Promise<Exploration> {
  const schedules = new Schedules(maxPreemptions, mayLeaveOut(scenario, variant) ? commute : undefined);
  const failures: Failure[] = [];
  let [orders, unfollowed, underWay] = [0, 0, 0];
  await new Promise<void>((resolve, reject) => {
    const go = () => {
      const most = fleet.commands ? 1 : PARALLEL;
      for (let prefix; underWay < most && (prefix = schedules.next()) !== undefined;) {
        underWay++;
        const current = prefix;
        runAndCheck(fleet, scenario, variant, current)
          .then(({ run, failure }) => {
            orders++;
            if (run.isFollowed) schedules.ran(current, run.choices);
            else {
              unfollowed++;
              schedules.gaveUp(current);
            }
            if (failure) failures.push(failure);
            underWay--;
            go();
          })
          .catch(reject);
      }
      if (underWay === 0) resolve();
    };
    go();
  });
  return { orders, failures, leftOut: schedules.leftOut, unfollowed };
}

/**
 * Whether steps that have nothing to do with each other in the tables have nothing to do with each other at all: not on one
 * instance, whose memory operations share.
 */
function mayLeaveOut({ operations, places }: Scenario, variant: Variant): boolean {
  return variant.kind === 'plain' && operations.length === 2 && places[0] !== places[1];
}

/** Runs one order, and looks for what is wrong after it. */
export async function runAndCheck(
  fleet: Fleet,
  scenario: Scenario,
  variant: Variant,
  prefix: Prefix,
): Promise<{ run: Run; failure?: Failure }> {
  const run = await runOrder(fleet, scenario, variant, prefix);
  const touched = new Set(scenario.operations.flatMap(({ touches }) => touches));
  await settle(fleet, run.world, scenario);
  const passwords = ['usual', ...run.operations.map(({ name }) => name.split(' ')[0] as string)];
  const observed = await observe(fleet, run.world, passwords, {
    signIns: touched.has('sign-ins') || touched.has('mailbox'),
    objects: touched.has('objects'),
  });
  const faults = [
    ...INVARIANTS.flatMap((invariant) => invariant(run, observed)),
    ...(observed.records.length > 0 ? await readsAgree(fleet, run.world, observed) : []),
  ];
  if (fleet.commands) await clear(fleet, observed);
  if (faults.length === 0) return { run };
  const order = formatOrder(run.choices.map(({ chosen }) => chosen));
  return {
    run,
    failure: {
      sequence: `${titleOf(scenario)} | ${variantName(variant)} | ${order}`,
      faults,
      answers: run.operations.map(({ name, answer }) => `${name}: ${answer ?? 'unknown'}`),
    },
  };
}
