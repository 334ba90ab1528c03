import { deleteAccount, login, register } from './operations/accounts.js';
import type { Operation } from './operations/operation.js';
import { exploreAll } from './pairs.js';
import type { Scenario } from './scenario.js';
import { type Need, OLDER_SPELLING } from './world.js';

const KEY = { key: 'k' };

const SCENARIOS: readonly Scenario[] = [
  { operations: [register('other'), register('other')], places: [0, 1] },
  { operations: [register('other', KEY), register('other', KEY)], places: [0, 1] },
  { operations: [register('other', KEY), register('other', KEY)], places: [0, 0] },
  { operations: [register('other', KEY), register('other')], places: [0, 1] },
  { operations: [register('own'), login()], places: [0, 1] },
  { operations: [deleteAccount('first'), register('own')], places: [0, 1] },
  { operations: [deleteAccount('first'), register('own', KEY)], places: [0, 0] },
];

/** One mailbox in two spellings is one account. */
const SPELLINGS: readonly Scenario[] = [
  { operations: [register('other'), register('other', { spelling: 'decomposed' })], places: [0, 1] },
  {
    operations: [
      register('other', { spelling: 'in capitals' }),
      register('other', { spelling: 'in full width' }),
    ],
    places: [0, 1],
  },
  {
    operations: [register('other', KEY), register('other', { ...KEY, spelling: 'in full width' })],
    places: [0, 1],
  },
  { operations: [register('own', { spelling: 'decomposed' }), login()], places: [0, 1] },
  { operations: [register('own'), login({ spelling: 'in full width' })], places: [0, 1] },
  { operations: [deleteAccount('first'), register('own', { spelling: 'decomposed' })], places: [0, 1] },
];

/**
 * Of an account whose email is kept as it was written, since it is older than the canonical form. It is found by that
 * spelling, in which each of these writes it. By another one an account of its own is made: that there is none is not
 * promised. Nor is it where neither the index nor a claim knows of the account.
 */
const ofBefore = (operation: Operation, ...needs: readonly Need[]): Operation => ({
  ...operation,
  title: `${operation.title} (${['older-email', ...needs].join(' ')})`,
  needs: [...(operation.needs ?? []), 'older-email', ...needs],
});

const AS_BEFORE = { spelling: OLDER_SPELLING };

const OLDER: readonly Scenario[] = [
  // Only the claim tells of it, where the index lags.
  { operations: [ofBefore(register('own', AS_BEFORE), 'young'), login(AS_BEFORE)], places: [0, 1] },
  { operations: [ofBefore(register('own', AS_BEFORE), 'young'), register('own', AS_BEFORE)], places: [0, 1] },
  { operations: [ofBefore(deleteAccount('first'), 'young'), register('own', AS_BEFORE)], places: [0, 1] },
  // Only the index does.
  { operations: [ofBefore(register('own', AS_BEFORE), 'unclaimed'), login(AS_BEFORE)], places: [0, 1] },
  {
    operations: [ofBefore(deleteAccount('first'), 'unclaimed'), register('own', AS_BEFORE)],
    places: [0, 1],
  },
];

/** An account goes, and comes again; two come at once. */
const TRIPLES: readonly Scenario[] = [
  { operations: [deleteAccount('first'), register('own'), register('own')], places: [0, 1, 1] },
  { operations: [deleteAccount('first'), register('own'), login()], places: [0, 0, 1] },
];

exploreAll('mailboxes', [
  ...[...SCENARIOS, ...SPELLINGS, ...OLDER].map((scenario) => ({ scenario, depth: { plain: 2, faulty: 0 } })),
  ...TRIPLES.map((scenario) => ({ scenario, depth: { plain: 1, faulty: 0 } })),
]);
