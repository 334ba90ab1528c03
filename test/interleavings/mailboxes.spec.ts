import { deleteAccount, login, register } from './operations/accounts.js';
import { exploreAll } from './pairs.js';
import type { Scenario } from './scenario.js';

const SCENARIOS: readonly Scenario[] = [
  { operations: [register('other'), register('other')], places: [0, 1] },
  { operations: [register('other', 'k'), register('other', 'k')], places: [0, 1] },
  { operations: [register('other', 'k'), register('other', 'k')], places: [0, 0] },
  { operations: [register('other', 'k'), register('other')], places: [0, 1] },
  { operations: [register('own'), login()], places: [0, 1] },
  { operations: [deleteAccount('first'), register('own')], places: [0, 1] },
  { operations: [deleteAccount('first'), register('own', 'k')], places: [0, 0] },
];

/** An account goes, and comes again; two come at once. */
const TRIPLES: readonly Scenario[] = [
  { operations: [deleteAccount('first'), register('own'), register('own')], places: [0, 1, 1] },
  { operations: [deleteAccount('first'), register('own'), login()], places: [0, 0, 1] },
];

exploreAll('mailboxes', [
  ...SCENARIOS.map((scenario) => ({ scenario, depth: { plain: 2, faulty: 0 } })),
  ...TRIPLES.map((scenario) => ({ scenario, depth: { plain: 1, faulty: 0 } })),
]);
