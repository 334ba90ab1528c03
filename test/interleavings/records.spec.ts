import { changePassword } from './operations/accounts.js';
import { batchCreate, batchDelete } from './operations/batches.js';
import { change, create, remove } from './operations/records.js';
import { endOthers, logout } from './operations/sign-ins.js';
import { complete, finishUpload, upload } from './operations/uploads.js';
import { exploreAll } from './pairs.js';
import { pairsOf } from './scenario.js';

const OPERATIONS = [
  create('first', 'k'),
  complete('first', 'uploaded'),
  complete('second', 'pending'),
  finishUpload('first'),
  change('first', 'plain'),
  change('second', 'plain', true),
  change('second', 'uploaded', true),
  remove('first', 'plain'),
  remove('first', 'kept'),
  remove('second', 'pending'),
  remove('second', 'uploaded'),
  batchCreate('first', true),
  batchDelete('second'),
];

/** Writes of the audio table by a sign-in that ends on the other instance. */
const WRITES = [
  create('first'),
  create('older', 'k'),
  upload('first'),
  complete('first', 'uploaded'),
  change('first', 'plain'),
  remove('first', 'plain'),
  batchCreate('first', true),
];

const ENDINGS = [logout('first'), endOthers('second'), changePassword('second')];

exploreAll('records', [
  ...pairsOf(OPERATIONS).map((operations) => ({
    scenario: { operations, places: [0, 1] as const },
    depth: { plain: 2, faulty: 0 },
  })),
  ...WRITES.flatMap((write) =>
    ENDINGS.map((ending) => ({
      scenario: { operations: [ending, write], places: [0, 1] as const },
      depth: { plain: 1 },
    })),
  ),
]);
