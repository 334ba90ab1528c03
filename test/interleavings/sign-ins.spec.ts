import { changePassword, login } from './operations/accounts.js';
import type { Operation } from './operations/operation.js';
import { endOne, endOthers, logout, renew } from './operations/sign-ins.js';
import { exploreAll } from './pairs.js';
import { pairsOf } from './scenario.js';

/** One sign-in ends another, or itself, while that one is used, on one instance and on two. */
const OPERATIONS: readonly Operation[] = [
  renew('first'),
  renew('older'),
  logout('first'),
  logout('older'),
  endOne('second', 'first'),
  endOthers('first'),
  endOthers('second'),
  endOthers('older'),
  changePassword('first'),
  changePassword('second'),
  login(),
  login({ isWeak: true }),
];

/** A token of a clock that is ahead is no younger than what ends it. */
const AHEAD = [renew('ahead'), endOthers('ahead')].map((operation): [Operation, Operation] => [
  changePassword('second'),
  operation,
]);

exploreAll(
  'sign-ins',
  [...pairsOf(OPERATIONS), ...AHEAD].flatMap((operations) =>
    ([0, 1] as const).map((place) => ({
      scenario: { operations, places: [0, place] },
      // Who repeats after a lost answer is tried where two do the same.
      depth: { plain: 2, ...(operations[0] === operations[1] && place === 1 && { faulty: 0 }) },
    })),
  ),
);
