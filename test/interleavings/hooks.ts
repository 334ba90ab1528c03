import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import type { INestApplication } from '@nestjs/common';
import { Database } from '../../src/database/database.js';
import type { DatabaseMethod, Gate } from './gate.js';

/** Whether a call of {@link Database} writes. The compiler asks for a line for each public method. */
const IS_WRITE: Record<keyof Database, boolean> = {
  get: false,
  query: false,
  batchGet: false,
  put: true,
  update: true,
  delete: true,
  batchWrite: true,
  transactWrite: true,
};

const WRITING_COMMANDS = /^(Put|Update|Delete|BatchWrite|TransactWrite|Create|Copy)/;

/**
 * Has every call of an application come by the gate. The database is held at `Database`, whatever carries its calls, and
 * the object store at the SDK's client.
 */
export function gateApplication(app: INestApplication, gate: Gate): void {
  const database = app.get<Record<string, DatabaseMethod>>(Database);
  const query = database['query']?.bind(database) as DatabaseMethod;
  for (const [name, isWrite] of Object.entries(IS_WRITE)) {
    const method = database[name]?.bind(database) as DatabaseMethod;
    database[name] = (input) => gate.pass({ name, isWrite, input, database: { query } }, () => method(input));
  }
  gateClient(app.get(S3Client), gate);
}

/** The same for a client that commands use without `Database`. */
export function gateClient(client: S3Client | DynamoDBClient, gate: Gate): void {
  (client as S3Client).middlewareStack.add(
    (next, context) => (args) => {
      const name = String(context['commandName']).replace(/Command$/, '');
      return gate.pass({ name, isWrite: WRITING_COMMANDS.test(name), input: { ...args.input } }, () =>
        next(args),
      );
    },
    { step: 'initialize', name: 'gate', priority: 'high' },
  );
}
