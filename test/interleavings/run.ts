import { randomUUID } from 'node:crypto';
import { DatabaseTime, runInRequest } from '../../src/common/request-context.js';
import { Client } from './client.js';
import type { Commands } from './commands.js';
import type { Fleet } from './fleet.js';
import { Actor } from './gate.js';
import { isLive } from './live.js';
import type { Performed } from './model.js';
import type { Operation } from './operations/operation.js';
import { needsOf, type Place, type Scenario, type Variant } from './scenario.js';
import { type Choice, type Prefix, usualChoice } from './schedule.js';
import { StaleIndex } from './stale-index.js';
import { arrange, type World } from './world.js';

/** A run that does not come to an end is a defect of the service or of this explorer. */
const MOST_STEPS = 500;

/** An operation as it was run. */
export interface Ran extends Performed {
  readonly actor: Actor;
}

/** What became of a run. */
export interface Run {
  readonly world: World;
  readonly choices: readonly Choice[];
  readonly operations: readonly Ran[];
  /** Whether the order could be followed. */
  readonly isFollowed: boolean;
}

/** A client that does an operation, and does it again where it got no answer. */
interface Performer {
  readonly operation: Operation;
  readonly name: string;
  readonly actor: Actor;
  readonly attempts: { begin: number; end: number; answer: string | undefined; isPartial: boolean }[];
}

/** Runs the operations of a scenario in one order. */
export async function runOrder(
  fleet: Fleet,
  scenario: Scenario,
  variant: Variant,
  prefix: Prefix,
): Promise<Run> {
  const world = await arrange(fleet, needsOf(scenario));
  for (const operation of scenario.operations) await operation.prepare?.(fleet, world);
  await cacheSignIns(fleet, scenario, world);
  const runId = randomUUID();
  const staleIndex =
    variant.kind === 'stale-index' ? new StaleIndex(fleet.tables.definitions, world) : undefined;
  const clock = { step: 0 };
  const performers = scenario.operations.map((operation, n): Performer => {
    const actor = new Actor(staleIndex && ((call, make) => staleIndex.around(call, make)));
    fleet.gate.add(`${runId}:${n}`, actor);
    return { operation, name: 'abc'[n] as string, actor, attempts: [] };
  });
  const performing = performers.map((performer, n) =>
    perform(fleet, scenario, variant, world, performer, n, `${runId}:${n}`, clock),
  );
  // Each comes to its first point by itself.
  await Promise.all(performers.map(({ actor }) => actor.settled()));
  const { choices, isFollowed } = await follow(performers, prefix, clock);
  await Promise.all(performing);
  performers.forEach((_, n) => fleet.gate.remove(`${runId}:${n}`));
  return {
    ...{ world, choices, isFollowed },
    operations: performers.flatMap(({ operation, name, actor, attempts }) =>
      attempts.map((attempt, m): Ran => {
        const called = name + "'".repeat(m);
        return {
          ...attempt,
          actor,
          name: `${called} (${operation.title})`,
          models: operation.models(called),
        };
      }),
    ),
  };
}

async function follow(
  performers: readonly Performer[],
  prefix: Prefix,
  clock: { step: number },
): Promise<Pick<Run, 'choices' | 'isFollowed'>> {
  const choices: Choice[] = [];
  let isFollowed = true;
  while (performers.some(({ actor }) => !actor.over)) {
    const enabled = performers.flatMap(({ actor }, n) => (actor.canGo ? [n] : []));
    if (enabled.length === 0) {
      // All wait, for a timer or for a hash: what comes of it comes by itself.
      await Promise.all(performers.filter(({ actor }) => !actor.over).map(({ actor }) => actor.settled()));
      if (++clock.step > MOST_STEPS) throw new Error('No operation goes on');
      continue;
    }
    const wanted = prefix[choices.length];
    if (wanted !== undefined && !enabled.includes(wanted)) isFollowed = false;
    const chosen =
      wanted !== undefined && enabled.includes(wanted)
        ? wanted
        : usualChoice(enabled, choices.at(-1)?.chosen);
    if (++clock.step > MOST_STEPS) throw new Error(`More than ${MOST_STEPS} steps`);
    const step = await performers[chosen]?.actor.step();
    choices.push({ enabled, chosen, ...(step && { step }) });
  }
  return { choices, isFollowed };
}

/** Does an operation, and, where the variant has the answer lost, does it again on the other instance. */
async function perform(
  fleet: Fleet,
  { places }: Scenario,
  variant: Variant,
  world: World,
  { operation, name, actor, attempts }: Performer,
  place: number,
  requestId: string,
  clock: { step: number },
): Promise<void> {
  const isStruck = (variant.kind === 'stop' || variant.kind === 'lost') && variant.operation === place;
  if (isStruck && variant.kind === 'stop') actor.stopAfter(variant.calls);
  const attempt = async (instance: number, called: string, isLost: boolean): Promise<void> => {
    const url = fleet.instances[instance]?.url ?? '';
    const isPartial = isLost && variant.kind === 'stop';
    const made = { begin: Infinity, end: Infinity, answer: undefined as string | undefined, isPartial };
    attempts.push(made);
    // What a lost answer told, nobody knows.
    const known = isLost ? withoutLearning(world) : world;
    const client = new Client(url, fleet.agent, requestId, actor, () => (made.begin = clock.step));
    const answer = await operation.perform({
      ...{ world: known, name: called, client },
      runCommand: (work) => runCommand(fleet, requestId, client, work),
    });
    made.end = clock.step;
    if (isLost) return;
    made.answer = answer === '503' ? undefined : answer;
    if (answer === '503') made.isPartial = true;
  };
  const instance = places[place] ?? 0;
  try {
    await attempt(instance, name, isStruck);
    if (isStruck) {
      actor.stopAfter(Infinity);
      await attempt(1 - instance, `${name}'`, false);
    }
  } finally {
    actor.end();
  }
}

async function runCommand(
  { commands }: Fleet,
  requestId: string,
  client: Client,
  work: (commands: Commands) => Promise<unknown>,
): Promise<void> {
  if (!commands) throw new Error('The spec asks for no commands');
  const context = { requestId, address: '', databaseTime: new DatabaseTime() };
  await client.pass(() => runInRequest(context, () => work(commands)));
}

function withoutLearning(world: World): World {
  return {
    ...world,
    tokens: new Map(world.tokens),
    accounts: new Map(world.accounts),
    records: new Map(world.records),
  };
}

/** Has each instance remember the sign-ins that it will be shown, so that it knows them from before everything. */
async function cacheSignIns(fleet: Fleet, { operations, places }: Scenario, world: World): Promise<void> {
  const wanted = new Map<string, [place: number, token: string]>();
  for (const [n, { by }] of operations.entries()) {
    const token = world.tokens.get(by ?? '');
    for (const place of token === undefined ? [] : [places[n] ?? 0]) {
      wanted.set(`${place} ${by}`, [place, token as string]);
    }
  }
  await Promise.all(
    [...wanted.values()].map(async ([place, token]) => {
      if (!(await isLive(fleet.instances[place as Place], token))) {
        throw new Error('A sign-in does not work before the run');
      }
    }),
  );
}
