/**
 * `npm run takeover`: reads the tables of an older deployment and reports what this service cannot work with. With
 * `--apply` it writes the reservations that accounts of the older backend lack. Safe to stop and to run again.
 */
import { parseArgs } from 'node:util';
import { readDatabaseConfig } from '../config/config.js';
import { ConfigurationError, EnvironmentReader } from '../config/environment-reader.js';
import { createDocumentClient, createDynamoDbClient } from '../database/clients.js';
import { Takeover, type TakeoverReport } from '../takeover/takeover.js';

/** Nobody waits for a page in a request. */
const CALL_LIMIT_MS = 10_000;
const PROGRESS_EVERY_MS = 1000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, apply: { type: 'boolean', default: false } },
  });
  if (values.check && values.apply) throw new TypeError('Choose one of --check and --apply');
  const env = new EnvironmentReader(process.env);
  const config = readDatabaseConfig(env);
  env.finish();
  const client = createDynamoDbClient({
    ...config,
    database: { ...config.database, budgetMs: CALL_LIMIT_MS },
  });
  let shown = 0;
  try {
    const takeover = new Takeover(createDocumentClient(client), config.tables, {
      apply: values.apply,
      onFinding: ({ table, key, problem }) => console.log(`${table} ${key}: ${problem}`),
      onProgress: (report) => {
        if (performance.now() - shown < PROGRESS_EVERY_MS) return;
        shown = performance.now();
        console.error(`… ${report.users} accounts, ${report.audioFiles} audio files read`);
      },
    });
    print(await takeover.run(), values.apply);
  } finally {
    client.destroy();
  }
}

function print(report: TakeoverReport, apply: boolean): void {
  console.log(`accounts read:                   ${report.users}`);
  console.log(`audio files read:                ${report.audioFiles}`);
  console.log(`rows that cannot be read:        ${report.unreadable}`);
  console.log(`emails shared by accounts:       ${report.duplicateEmails}`);
  console.log(`emails that are not normalised:  ${report.unnormalisedEmails}`);
  console.log(`hashes that are not Argon2:      ${report.foreignHashes}`);
  console.log(`reservations there already:      ${report.reserved}`);
  console.log(`reservations ${apply ? 'written: ' : 'to write:'}           ${report.missingReservations}`);
  if (!apply && report.missingReservations > 0)
    console.log('Nothing was changed. To write them: npm run takeover -- --apply');
}

main().catch((error: unknown) => {
  const lines =
    error instanceof ConfigurationError
      ? error.problems
      : [`The takeover stopped: ${error instanceof Error ? error.message || error.name : String(error)}`];
  for (const line of lines) console.error(line);
  process.exitCode = 1;
});
