/**
 * `npm run reconcile`: finds what uploads, crashes and deletions left behind in the bucket and in the audio-files
 * table. With `--apply` it repairs that. Safe to stop and to run again.
 */
import { UnavailableError } from '../common/errors/domain-errors.js';
import type { AppConfig } from '../config/config.js';
import { misspellings, readDatabaseConfig, readStorageConfig } from '../config/read-config.js';
import { EnvironmentReader } from '../config/environment-reader.js';
import { createDynamoDbClient } from '../database/clients.js';
import { Reconcile, type ReconcileResult } from '../reconcile/reconcile.js';
import { changes, type Finding } from '../reconcile/report.js';
import { OperatorStore } from '../storage/operator-store.js';
import { QUARANTINE_DAYS } from '../config/reserved-keys.js';
import { createS3Client } from '../storage/s3-client.js';
import { readOptions, UsageError, wholeNumber } from './arguments.js';
import { errorLines } from './command-error.js';

/** No request waits for a page. */
const CALL_LIMIT_MS = 10_000;
const PROGRESS_EVERY_MS = 1000;

const USAGE = `Usage: npm run reconcile -- [options]
Reads only, and reports, unless told otherwise.
  --apply                mends; objects go to quarantine/, where they stay for ${QUARANTINE_DAYS} days
  --adopt                notes in the bucket that it belongs to these tables, without which --apply mends nothing
  --max-deletions N      mends nothing where more would be deleted; a tenth of what there is by default, and at least 10
  --older-than-hours N   leaves alone what is younger; 24 by default, at least 1
  --force                goes on where the settings look wrong`;
const OPTIONS = {
  apply: { type: 'boolean' },
  adopt: { type: 'boolean' },
  force: { type: 'boolean' },
  'max-deletions': { type: 'string' },
  'older-than-hours': { type: 'string' },
} as const;
const DEFAULT_HOURS = 24;

interface Arguments {
  apply: boolean;
  adopt: boolean;
  force: boolean;
  olderThanHours: number;
  maxDeletions?: number;
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  const config = readEnvironment();
  const client = createDynamoDbClient(config);
  const s3 = createS3Client(config);
  let shown = performance.now();
  try {
    const store = new OperatorStore(s3, config.storage.bucket, config.storage.budgetMs);
    const reconcile = new Reconcile(client, store, config, {
      ...options,
      onFinding: (finding) => console.log(lineFor(finding)),
      onProgress: ({ reading, count }) => {
        if (performance.now() - shown < PROGRESS_EVERY_MS) return;
        shown = performance.now();
        // On standard error, so that standard output contains only the report.
        console.error(`… reading ${reading}: ${count} so far`);
      },
    });
    const result = await reconcile.run();
    const { refusal } = result;
    print(result, { ...options, apply: options.apply && refusal === undefined });
    const { failed } = result.report;
    if (refusal !== undefined) {
      console.error(`Nothing was changed: ${refusal}`);
      process.exitCode = 1;
    } else if (failed > 0) {
      const what = options.apply ? 'Not everything was mended' : 'Not everything could be looked at';
      console.error(`${what}: S3 refused ${failed} of the records and objects above; all else was done`);
      process.exitCode = 1;
    }
  } finally {
    client.destroy();
    s3.destroy();
  }
}

function readEnvironment(): Pick<AppConfig, 'aws' | 'tables' | 'database' | 'storage'> {
  const env = new EnvironmentReader(process.env);
  const { database, ...rest } = readDatabaseConfig(env);
  const { storage } = readStorageConfig(env);
  if (env.optional('AWS_S3_BUCKET_NAME') === undefined) {
    env.problem('AWS_S3_BUCKET_NAME', 'set to the bucket of the audio');
  }
  env.finish();
  for (const line of misspellings(process.env)) console.error(line);
  return {
    ...rest,
    database: { ...database, budgetMs: CALL_LIMIT_MS },
    storage: { ...storage, budgetMs: CALL_LIMIT_MS },
  };
}

function readArguments(args: string[]): Arguments {
  const read = readOptions(args, OPTIONS, USAGE);
  const { apply = false, adopt = false, force = false } = read;
  if (apply && adopt) throw new UsageError('choose one of --apply and --adopt', USAGE);
  const { 'older-than-hours': hours, 'max-deletions': max } = read;
  return {
    ...{ apply, adopt, force },
    olderThanHours: hours === undefined ? DEFAULT_HOURS : wholeNumber('older-than-hours', hours, 1, USAGE),
    ...(max !== undefined && { maxDeletions: wholeNumber('max-deletions', max, 0, USAGE) }),
  };
}

function lineFor({ kind, key, ageHours, problem, mended }: Finding): string {
  const age = ageHours === undefined ? '' : ` ${ageHours}h`;
  return `${kind.padEnd(8)} ${key}${age}: ${problem}${mended === undefined ? '' : `; ${mended}`}`;
}

function print({ report, objection, refusal }: ReconcileResult, { apply, adopt }: Arguments): void {
  const lines: [string, number][] = [
    ['records read', report.records],
    ['objects read', report.objects],
    ['records that cannot be read', report.unreadable],
    ['objects in no folder of a user', report.foreign],
    ['objects beside those of records', report.beside],
    [`pending records ${apply ? 'made' : 'to make'} ready`, report.completed],
    [`pending records ${apply ? 'deleted' : 'to delete'}`, report.abandoned],
    [`records ${apply ? '' : 'to delete '}without account${apply ? ' deleted' : ''}`, report.ownerless],
    [`objects without record ${apply ? 'moved' : 'to move'}`, report.strays],
    [`deleted accounts ${apply ? 'swept' : 'to sweep'}`, report.swept],
    ...(apply ? [['objects deleted from quarantine', report.expired] as [string, number]] : []),
  ];
  for (const [what, count] of lines) console.log(`${`${what}:`.padEnd(34)} ${count}`);
  if (refusal !== undefined) return;
  if (adopt) console.log('The bucket now belongs to these tables. To mend: npm run reconcile -- --apply');
  if (apply || adopt || changes(report) === 0) return;
  if (objection !== undefined) console.log(`--apply would refuse: ${objection}`);
  console.log('Nothing was changed. To mend: npm run reconcile -- --apply');
}

main().catch((error: unknown) => {
  // The cause says more than the message for clients.
  const reason = error instanceof UnavailableError ? (error.cause ?? error) : error;
  for (const line of errorLines('The reconciliation stopped', reason)) console.error(line);
  process.exitCode = 1;
});
