/** `npm run tables`: makes the tables that are missing. Safe to run at every deployment. */
import { readDatabaseConfig } from '../config/config.js';
import { ConfigurationError, EnvironmentReader } from '../config/environment-reader.js';
import { createDynamoDbClient } from '../database/clients.js';
import { TableCreator, TableMismatchError } from '../database/table-creator.js';
import { tableDefinitions } from '../database/tables.js';

/** Making a table is slower than reading one, and nobody waits for it in a request. */
const CALL_LIMIT_MS = 10_000;

async function main(): Promise<void> {
  const env = new EnvironmentReader(process.env);
  const config = readDatabaseConfig(env);
  env.finish();
  const client = createDynamoDbClient({
    ...config,
    database: { ...config.database, budgetMs: CALL_LIMIT_MS },
  });
  try {
    const results = await new TableCreator(client).ensure(tableDefinitions(config.tables));
    for (const { table, created } of results) {
      console.log(`${table}: ${created ? 'created' : 'is there already, as it should be'}`);
    }
  } finally {
    client.destroy();
  }
}

main().catch((error: unknown) => {
  if (error instanceof ConfigurationError) {
    for (const problem of error.problems) console.error(problem);
  } else if (error instanceof TableMismatchError) {
    console.error(`Table ${error.table} exists and differs; nothing was changed:`);
    for (const difference of error.differences) console.error(`  ${difference}`);
  } else {
    console.error(
      `The tables could not be made: ${error instanceof Error ? describe(error) : String(error)}`,
    );
  }
  process.exitCode = 1;
});

function describe(error: Error): string {
  // A refused connection comes with an empty message and a code.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return error.message ? `${code}: ${error.message}` : code;
}
