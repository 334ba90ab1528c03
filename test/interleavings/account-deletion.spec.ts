import { changePassword, deleteAccount, login, register } from './operations/accounts.js';
import { batchCreate } from './operations/batches.js';
import { change, complete, create, putAudio, remove, upload } from './operations/records.js';
import { endOthers, logout, renew } from './operations/sign-ins.js';
import { exploreAll } from './pairs.js';

/** What may be under way, on either instance, while an account is deleted. */
const BESIDE = [
  create('first'),
  create('second'),
  create('older', 'k'),
  upload('first'),
  upload('second'),
  putAudio('pending'),
  complete('first', 'uploaded'),
  change('first', 'plain'),
  remove('first', 'kept'),
  batchCreate('first', true),
  batchCreate('second', false),
  deleteAccount('first'),
  deleteAccount('second'),
  changePassword('first'),
  changePassword('second'),
  login(),
  login(true),
  register('own'),
  renew('first'),
  renew('older'),
  logout('first'),
  endOthers('second'),
];

exploreAll(
  'account deletion',
  BESIDE.map((operation) => ({
    scenario: { operations: [deleteAccount('first'), operation], places: [0, 1] },
    depth: { plain: 2, faulty: 0 },
  })),
);
