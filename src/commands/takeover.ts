/**
 * `npm run takeover`: reads the tables of an older deployment and reports what this service cannot use. With `--apply`
 * it writes the email claims that accounts of the older backend lack. Safe to stop and to run again.
 */
import { misspellings, readDatabaseConfig } from '../config/read-config.js';
import { EnvironmentReader } from '../config/environment-reader.js';
import { createDynamoDbClient } from '../database/clients.js';
import { Takeover, type TakeoverReport } from '../takeover/takeover.js';
import { readOptions, UsageError } from './arguments.js';
import { errorLines } from './command-error.js';

/** No request waits for a page. */
const CALL_LIMIT_MS = 10_000;
const PROGRESS_EVERY_MS = 1000;

const USAGE = `Usage: npm run takeover -- [--check | --apply]
  --check   reads only, and reports; the default
  --apply   writes the claims that are missing`;
const OPTIONS = { check: { type: 'boolean' }, apply: { type: 'boolean' } } as const;

async function main(): Promise<void> {
  const apply = readMode(process.argv.slice(2)) === 'apply';
  const env = new EnvironmentReader(process.env);
  const config = readDatabaseConfig(env);
  env.finish();
  for (const line of misspellings(process.env)) console.error(line);
  const client = createDynamoDbClient({
    ...config,
    database: { ...config.database, budgetMs: CALL_LIMIT_MS },
  });
  let shown = performance.now();
  try {
    const takeover = new Takeover(client, config.tables, {
      apply,
      onFinding: ({ table, key, problem }) => console.log(`${table} ${key}: ${problem}`),
      onProgress: ({ reading, rows }) => {
        if (performance.now() - shown < PROGRESS_EVERY_MS) return;
        shown = performance.now();
        // On standard error, so that standard output contains only the report.
        console.error(`… reading ${reading}: ${rows} rows so far`);
      },
    });
    print(await takeover.run(), apply);
  } finally {
    client.destroy();
  }
}

function readMode(args: string[]): 'check' | 'apply' {
  const { check = false, apply = false } = readOptions(args, OPTIONS, USAGE);
  if (check && apply) throw new UsageError('choose one of --check and --apply', USAGE);
  return apply ? 'apply' : 'check';
}

function print(report: TakeoverReport, apply: boolean): void {
  const lines: [string, number][] = [
    ['accounts read', report.users],
    ['audio files read', report.audioFiles],
    ['rows that cannot be read', report.unreadable],
    ['accounts that share an email', report.duplicateEmails],
    ['emails that are not normalised', report.unnormalisedEmails],
    ['hashes that are not Argon2', report.foreignHashes],
    ['claims there already', report.claimed],
    [`claims ${apply ? 'written' : 'to write'}`, report.missingClaims],
  ];
  for (const [what, count] of lines) console.log(`${`${what}:`.padEnd(32)} ${count}`);
  if (!apply && report.missingClaims > 0) {
    console.log('Nothing was changed. To write them: npm run takeover -- --apply');
  }
}

main().catch((error: unknown) => {
  for (const line of errorLines('The takeover stopped', error)) console.error(line);
  process.exitCode = 1;
});
