/**
 * `npm run reconcile`: finds what uploads, crashes and deletions left behind in the bucket and in the table of audio
 * files. With `--apply` it mends that. Safe to stop and to run again.
 */
import { parseArgs } from 'node:util';
import { UnavailableError } from '../common/errors/domain-errors.js';
import type { AppConfig } from '../config/config.js';
import { misspellings, readDatabaseConfig, readStorageConfig } from '../config/read-config.js';
import { EnvironmentReader } from '../config/environment-reader.js';
import { createDynamoDbClient } from '../database/clients.js';
import { Reconcile, type ReconcileResult } from '../reconcile/reconcile.js';
import { changes, type Finding } from '../reconcile/report.js';
import { ObjectStore } from '../storage/object-store.js';
import { createS3Client } from '../storage/s3-client.js';
import { errorLines } from './command-error.js';

/** Nobody waits for a page in a request. */
const CALL_LIMIT_MS = 10_000;
const PROGRESS_EVERY_MS = 1000;

const USAGE = 'the options are --apply, --force and --older-than-hours N';
const DEFAULT_HOURS = 24;

interface Arguments {
  apply: boolean;
  force: boolean;
  olderThanHours: number;
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  const config = readEnvironment();
  const client = createDynamoDbClient(config);
  const s3 = createS3Client(config);
  let shown = performance.now();
  try {
    const store = new ObjectStore(s3, config.storage.bucket, config.storage.budgetMs);
    const reconcile = new Reconcile(client, store, config, {
      ...options,
      onFinding: (finding) => console.log(lineFor(finding)),
      onProgress: ({ reading, count }) => {
        if (performance.now() - shown < PROGRESS_EVERY_MS) return;
        shown = performance.now();
        // On standard error, so that standard output is the report alone.
        console.error(`… reading ${reading}: ${count} so far`);
      },
    });
    const result = await reconcile.run();
    print(result, options);
    const { failed } = result.report;
    if (failed > 0) {
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
  const read: Arguments = { apply: false, force: false, olderThanHours: DEFAULT_HOURS };
  const options = { 'older-than-hours': { type: 'string' } } as const;
  for (const token of parseArgs({ args, options, strict: false, tokens: true }).tokens) {
    const isSwitch = token.kind === 'option' && token.value === undefined;
    if (isSwitch && (token.name === 'apply' || token.name === 'force')) read[token.name] = true;
    else if (token.kind === 'option' && token.name === 'older-than-hours') {
      if (!/^[1-9]\d{0,5}$/.test(token.value ?? '')) {
        throw new TypeError('--older-than-hours takes a whole number of hours, 1 or more');
      }
      read.olderThanHours = Number(token.value);
    } else throw new TypeError(`unknown argument ${args[token.index]}; ${USAGE}`);
  }
  return read;
}

function lineFor({ kind, key, ageHours, problem, mended }: Finding): string {
  const age = ageHours === undefined ? '' : ` ${ageHours}h`;
  return `${kind.padEnd(8)} ${key}${age}: ${problem}${mended === undefined ? '' : `; ${mended}`}`;
}

function print({ report, objection }: ReconcileResult, { apply }: Arguments): void {
  const lines: [string, number][] = [
    ['records read', report.records],
    ['objects read', report.objects],
    ['records that cannot be read', report.unreadable],
    ['objects in no folder of a user', report.foreign],
    [`pending records ${apply ? 'made' : 'to make'} ready`, report.completed],
    [`pending records ${apply ? 'deleted' : 'to delete'}`, report.abandoned],
    [`records ${apply ? '' : 'to delete '}without account${apply ? ' deleted' : ''}`, report.ownerless],
    [`objects ${apply ? '' : 'to delete '}without record${apply ? ' deleted' : ''}`, report.strays],
    [`deleted accounts ${apply ? 'swept' : 'to sweep'}`, report.swept],
  ];
  for (const [what, count] of lines) console.log(`${`${what}:`.padEnd(34)} ${count}`);
  if (apply || changes(report) === 0) return;
  if (objection !== undefined) console.log(`--apply would refuse: ${objection}`);
  console.log('Nothing was changed. To mend: npm run reconcile -- --apply');
}

main().catch((error: unknown) => {
  // What is behind it says more than what a client would be told.
  const reason = error instanceof UnavailableError ? (error.cause ?? error) : error;
  for (const line of errorLines('The reconciliation stopped', reason)) console.error(line);
  process.exitCode = 1;
});
