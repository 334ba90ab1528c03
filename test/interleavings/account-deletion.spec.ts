import { changePassword, deleteAccount, login } from './operations/accounts.js';
import { batchCreate } from './operations/batches.js';
import { change, create, remove } from './operations/records.js';
import { endOthers, logout, renew } from './operations/sign-ins.js';
import type { Operation } from './operations/operation.js';
import { complete, putAudio, upload } from './operations/uploads.js';
import { exploreAll } from './pairs.js';
import type { Scenario } from './scenario.js';

/** What may be under way, on the other instance, while an account is deleted. Those of the first list also when something fails. */
const BESIDE = {
  faulty: [
    create('first'),
    upload('first'),
    putAudio('pending'),
    batchCreate('first', true),
    deleteAccount('first'),
    changePassword('second'),
    login(),
    renew('older'),
  ],
  plain: [
    create('second'),
    create('older', 'k'),
    upload('second'),
    complete('first', 'uploaded'),
    change('first', 'plain'),
    remove('first', 'kept'),
    batchCreate('second', false),
    deleteAccount('second'),
    changePassword('first'),
    login({ isWeak: true }),
    renew('first'),
    logout('first'),
    endOthers('second'),
  ],
};

const NIGHTLY = process.env['NIGHTLY'] !== undefined;

const scenarioWith = (operation: Operation): Scenario => ({
  operations: [deleteAccount('first'), operation],
  places: [0, 1],
});

exploreAll('account deletion', [
  ...BESIDE.faulty.map((operation) => ({
    scenario: scenarioWith(operation),
    depth: { plain: 2, faulty: 0 },
  })),
  // The deletion makes so many calls that two preemptions of each pair are for the night.
  ...BESIDE.plain.map((operation) => ({
    scenario: scenarioWith(operation),
    depth: { plain: NIGHTLY ? 2 : 1 },
  })),
  // The same process, where what is about to be written shares memory with what deletes.
  ...[create('first'), upload('first')].map((operation) => ({
    scenario: { ...scenarioWith(operation), places: [0, 0] as const },
    depth: { plain: 2 },
  })),
]);
