/** `npm run tables`: creates missing tables and turns on time to live. Safe to run at every deployment. */
import { misspellings, readDatabaseConfig } from '../config/read-config.js';
import { EnvironmentReader } from '../config/environment-reader.js';
import { createDynamoDbClient } from '../database/clients.js';
import { type EnsuredTable, TableCreator, TableMismatchError } from '../database/table-creator.js';
import { tableDefinitions } from '../database/tables.js';
import { readOptions } from './arguments.js';
import { errorLines } from './command-error.js';

/** Creating a table is slower than reading one, and no request waits for it. */
const CALL_LIMIT_MS = 10_000;
/** The control plane of DynamoDB accepts few calls a second and throttles the others. */
const MAX_ATTEMPTS = 8;

const USAGE = `Usage: npm run tables
Makes the tables that are missing, and turns on the time to live where rows should expire. Takes no options.`;

async function main(): Promise<void> {
  readOptions(process.argv.slice(2), {}, USAGE);
  const env = new EnvironmentReader(process.env);
  const config = readDatabaseConfig(env);
  env.finish();
  for (const line of misspellings(process.env)) console.error(line);
  const client = createDynamoDbClient(
    { ...config, database: { ...config.database, budgetMs: CALL_LIMIT_MS } },
    { maxAttempts: MAX_ATTEMPTS },
  );
  try {
    const results = await new TableCreator(client).ensure(tableDefinitions(config.tables));
    for (const result of results) console.log(`${result.table}: ${whatWasDone(result)}`);
  } finally {
    client.destroy();
  }
}

function whatWasDone({ created, expiryEnabled }: EnsuredTable): string {
  if (created) return 'created';
  return expiryEnabled ? 'time to live turned on' : 'is there already, as it should be';
}

main().catch((error: unknown) => {
  if (error instanceof TableMismatchError) {
    console.error(`Table ${error.table} exists and differs; nothing was changed:`);
    for (const difference of error.differences) console.error(`  ${difference}`);
  } else {
    for (const line of errorLines('The tables could not be made', error)) console.error(line);
  }
  process.exitCode = 1;
});
