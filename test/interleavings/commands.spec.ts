import { deleteAccount, login, register } from './operations/accounts.js';
import { reconcile, takeover } from './operations/commands.js';
import { change, remove } from './operations/records.js';
import type { Operation } from './operations/operation.js';
import { complete, finishUpload, putAudio, upload } from './operations/uploads.js';
import { exploreAll } from './pairs.js';

const BESIDE_RECONCILE: readonly (readonly [Operation, Operation])[] = [
  [reconcile('uploaded'), complete('first', 'uploaded')],
  [reconcile('pending'), finishUpload('first')],
  [reconcile('pending'), putAudio('pending')],
  [reconcile('uploaded'), change('first', 'uploaded')],
  [reconcile('pending'), remove('first', 'pending')],
  [reconcile('kept', 'stray'), remove('first', 'kept')],
  [reconcile('stray'), upload('first')],
  [reconcile('kept', 'uploaded'), deleteAccount('first')],
  [reconcile('pending', 'stray'), reconcile('pending', 'stray')],
];

const BESIDE_TAKEOVER = [register('own'), login(), deleteAccount('first'), takeover()];

exploreAll(
  'commands',
  [
    ...BESIDE_RECONCILE.map((operations) => ({
      scenario: { operations, places: [0, 1] as const },
      depth: { plain: 1 },
    })),
    ...BESIDE_TAKEOVER.map((operation) => ({
      scenario: { operations: [takeover(), operation], places: [0, 1] as const },
      depth: { plain: 2 },
    })),
  ],
  { hasCommands: true },
);
