import type { Action, State } from './model.js';
import type { Operation } from './operations/operation.js';
import { create, mayRecord, remove, write } from './operations/records.js';
import { exploreAll } from './pairs.js';

/** One more than there are before a run. */
const MAX_FILES = 3;

const ALL_TAKEN = (state: State) =>
  Object.keys(state.records).length + ((state.notes['reserved'] as number | undefined) ?? 0) >= MAX_FILES;

/**
 * A creation within a quota: a place is taken, and then the record is written. One instance lets in no more than there is
 * room for; several may together let in what each of them grants.
 */
function within(operation: Operation, by: string): Operation {
  const models = (name: string): Action[][] => [
    [
      mayRecord(by),
      (state) => {
        if (ALL_TAKEN(state)) return '403';
        state.notes['reserved'] = ((state.notes['reserved'] as number | undefined) ?? 0) + 1;
        return undefined;
      },
      (state) => {
        state.notes['reserved'] = (state.notes['reserved'] as number) - 1;
        write(name, true)(state);
        return '201';
      },
    ],
  ];
  return { ...operation, needs: ['plain', 'kept'], models };
}

const ONE = within(create('first'), 'first');
const OTHER = within(create('second'), 'second');

exploreAll(
  'quota',
  [
    { operations: [ONE, OTHER], places: [0, 0] as const },
    { operations: [ONE, OTHER, within(create('older'), 'older')], places: [0, 0, 0] as const },
    { operations: [remove('first', 'kept'), ONE, OTHER], places: [0, 0, 0] as const },
  ].map((scenario) => ({
    scenario,
    // Three at a time have many orders: those with two preemptions are for the night.
    depth: { plain: scenario.operations.length === 2 || process.env['NIGHTLY'] !== undefined ? 2 : 1 },
  })),
  { environment: { MAX_FILES_PER_USER: String(MAX_FILES) } },
);
