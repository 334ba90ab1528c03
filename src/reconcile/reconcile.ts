import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AudioFilesRepository } from '../audio-files/audio-files.repository.js';
import { ObjectKeys } from '../audio-files/object-keys.js';
import { nowSeconds } from '../common/time.js';
import type { AppConfig } from '../config/config.js';
import { createDocumentClient } from '../database/clients.js';
import { Database } from '../database/database.js';
import { type TableDefinition, tableDefinitions, tablesToSweep } from '../database/tables.js';
import type { ObjectStore } from '../storage/object-store.js';
import { ClosedAccountsRepository } from '../users/closed-accounts.repository.js';
import { AudioFolders } from './audio-folders.js';
import { Bucket } from './bucket.js';
import { ClosedAccountsPass } from './closed-accounts-pass.js';
import { ObjectsPass } from './objects-pass.js';
import { ReconcileRepository } from './reconcile.repository.js';
import { RecordsPass } from './records-pass.js';
import { emptyReport, type Evidence, type Finding, objectionTo, type ReconcileReport } from './report.js';

const HOUR = 3600;

export interface ReconcileProgress {
  readonly reading: 'records' | 'objects';
  /** Read of these. */
  readonly count: number;
}

export interface ReconcileOptions {
  /** Whether to mend; otherwise nothing is changed. */
  readonly apply: boolean;
  /** Whether to mend also where the settings look wrong. */
  readonly force?: boolean;
  /** What is younger is left alone: it may be on its way. At least 1. */
  readonly olderThanHours: number;
  /** Unix seconds; the time of this machine by default. */
  readonly now?: () => number;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: ReconcileProgress) => void;
}

/** What both walks of a pass share. */
export interface PassContext {
  readonly apply: boolean;
  /** Unix seconds; what is from before is old. */
  readonly cutoff: number;
  readonly report: ReconcileReport;
  readonly onFinding: ReconcileOptions['onFinding'];
  readonly onProgress: ReconcileOptions['onProgress'];
  /** Whole hours. */
  hoursSince(seconds: number): number;
}

/** What was found, and why mending it looks wrong, where it does. */
export interface ReconcileResult {
  readonly report: Readonly<ReconcileReport>;
  readonly objection?: string;
}

/**
 * Finds what uploads, crashes and deletions left behind in the bucket and in the table of audio files, and mends it.
 * Every deletion repeats its reason right before, so that a run which was stopped is simply started again, also beside a
 * running service.
 */
export class Reconcile {
  private readonly repository: ReconcileRepository;
  private readonly files: AudioFilesRepository;
  private readonly bucket: Bucket;
  private readonly keys: ObjectKeys;
  private readonly folders: AudioFolders;
  private readonly closed: ClosedAccountsRepository;
  private readonly swept: readonly TableDefinition[];
  /** See {@link RecordsPass}. Complete before anything is deleted. */
  private readonly outlying = new Set<string>();

  constructor(
    client: DynamoDBClient,
    store: ObjectStore,
    config: Pick<AppConfig, 'tables' | 'storage' | 'database'>,
    private readonly options: ReconcileOptions,
  ) {
    // They are made for the service, and read no other part of its configuration.
    const appConfig = config as AppConfig;
    const database = new Database(createDocumentClient(client), config.database.budgetMs);
    this.repository = new ReconcileRepository(client, config.tables);
    this.files = new AudioFilesRepository(database, appConfig);
    this.bucket = new Bucket(store, config.storage.bucket ?? '');
    this.keys = new ObjectKeys(appConfig);
    this.folders = new AudioFolders(this.keys);
    this.swept = tablesToSweep(tableDefinitions(config.tables));
    this.closed = new ClosedAccountsRepository(database, appConfig);
  }

  /**
   * Reads everything once, and, to mend, once more. Once only.
   *
   * @throws MissingTableError, BucketError before anything is changed
   * @throws Error where the settings look wrong, with `apply` and without `force`; nothing is changed then
   */
  async run(): Promise<ReconcileResult> {
    const { apply, force = false, now = nowSeconds, onFinding } = this.options;
    await this.repository.assertReadable(this.repository.tables.users);
    await this.repository.assertReadable(this.repository.tables.audioFiles);
    for (const folder of this.folders.folders) await this.bucket.assertReadable(folder);

    const startedAt = now();
    const survey = await this.pass(startedAt, false, apply ? () => undefined : onFinding);
    const objection = objectionTo(survey.evidence);
    if (!apply) return { report: survey.report, ...(objection !== undefined && { objection }) };
    if (objection !== undefined && !force) {
      throw new Error(`${objection} Nothing was changed; --force mends all the same`);
    }
    return { report: (await this.pass(startedAt, true, onFinding)).report };
  }

  private async pass(
    startedAt: number,
    apply: boolean,
    onFinding: ReconcileOptions['onFinding'],
  ): Promise<{ report: ReconcileReport; evidence: Evidence }> {
    const report = emptyReport();
    const context: PassContext = {
      ...{ apply, report, onFinding, onProgress: this.options.onProgress },
      cutoff: startedAt - this.options.olderThanHours * HOUR,
      hoursSince: (seconds) => Math.floor((startedAt - seconds) / HOUR),
    };
    const { repository, files, bucket, folders, outlying } = this;
    const closedAccounts = new ClosedAccountsPass(
      ...([repository, files, this.closed, bucket, this.keys, context, startedAt, this.swept] as const),
    );
    await closedAccounts.run();
    const records = new RecordsPass(repository, files, bucket, folders, outlying, context);
    await records.run();
    const objects = new ObjectsPass(repository, bucket, folders, outlying, context);
    await objects.run();
    const { recordsWithoutAccount, recordsOfObjects } = records;
    const { objectsWithoutRecord } = objects;
    return {
      report,
      evidence: {
        ...{ records: report.records, recordsWithoutAccount, recordsOfObjects },
        ...{ objects: report.objects, objectsWithoutRecord },
      },
    };
  }
}
