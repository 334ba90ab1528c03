import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AudioFilesRepository } from '../audio-files/records/audio-files.repository.js';
import { ObjectKeys } from '../audio-files/records/object-keys.js';
import { nowSeconds } from '../common/time.js';
import type { AppConfig } from '../config/config.js';
import { createDocumentClient } from '../database/clients.js';
import { Database } from '../database/database.js';
import type { OperatorStore } from '../storage/operator-store.js';
import { type TableDefinition, tableDefinitions, tablesToSweep } from '../database/tables.js';
import { ClosedAccountsRepository } from '../users/closed-accounts.repository.js';
import { AudioFolders } from './audio-folders.js';
import { Bucket } from './bucket.js';
import { ClosedAccountsPass } from './closed-accounts-pass.js';
import { DeletionLimit } from './deletion-limit.js';
import { ObjectsPass } from './objects-pass.js';
import type { PassContext, ReconcileProgress } from './pass-context.js';
import { Quarantine } from './quarantine.js';
import { ReconcileRepository } from './reconcile.repository.js';
import { RecordsPass } from './records-pass.js';
import {
  defaultMaxDeletions,
  emptyReport,
  type Evidence,
  type Finding,
  objectionTo,
  type ReconcileReport,
} from './report.js';
import { TablesMarker } from './tables-marker.js';

const HOUR = 3600;

export interface ReconcileOptions {
  /** Whether to repair. Otherwise nothing of the audio and the tables is changed. */
  readonly apply: boolean;
  /** Whether to link the bucket to the tables, so that `apply` can repair. Not together with `apply`. */
  readonly adopt?: boolean;
  /** Maximum of deleted records and objects; by default a tenth of all, and at least 10. */
  readonly maxDeletions?: number;
  /** Whether to repair even if the settings look wrong. */
  readonly force?: boolean;
  /** Newer items are not changed, because they may be in progress. At least 1. */
  readonly olderThanHours: number;
  /** Unix seconds; the local time by default. */
  readonly now?: () => number;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: ReconcileProgress) => void;
}

/** The report, and the reason why a repair looks wrong, if there is one. */
export interface ReconcileResult {
  readonly report: Readonly<ReconcileReport>;
  readonly objection?: string;
  /** Why nothing was changed although it was requested, in one sentence. */
  readonly refusal?: string;
}

/** The result of one pass over everything. */
interface PassResult {
  readonly report: ReconcileReport;
  readonly evidence: Evidence;
  /** Deletions that were done, or are to be done. */
  readonly deletions: number;
}

/**
 * Finds what uploads, crashes and deletions left behind in the bucket and in the audio-files table, and repairs it.
 * Every deletion checks its reason again immediately before. A stopped run can therefore be started again, even beside
 * a running service.
 */
export class Reconcile {
  private readonly repository: ReconcileRepository;
  private readonly files: AudioFilesRepository;
  private readonly bucket: Bucket;
  private readonly keys: ObjectKeys;
  private readonly folders: AudioFolders;
  private readonly closed: ClosedAccountsRepository;
  private readonly marker: TablesMarker;
  private readonly swept: readonly TableDefinition[];
  /** See {@link RecordsPass}. Complete before anything is deleted. */
  private readonly outlying = new Set<string>();

  constructor(
    client: DynamoDBClient,
    store: OperatorStore,
    config: Pick<AppConfig, 'tables' | 'storage' | 'database'>,
    private readonly options: ReconcileOptions,
  ) {
    // They are written for the service, but read no other part of its configuration.
    const appConfig = config as AppConfig;
    const database = new Database(createDocumentClient(client), config.database.budgetMs);
    this.repository = new ReconcileRepository(client, config.tables);
    this.files = new AudioFilesRepository(database, appConfig);
    this.bucket = new Bucket(store, config.storage.bucket ?? '');
    this.marker = new TablesMarker(client, this.bucket, config.tables);
    this.keys = new ObjectKeys(appConfig);
    this.folders = new AudioFolders(this.keys);
    this.swept = tablesToSweep(tableDefinitions(config.tables));
    this.closed = new ClosedAccountsRepository(database, appConfig);
  }

  /**
   * Reads everything once, and once more to repair. Call it only once.
   *
   * @returns with `refusal` if nothing was changed: the bucket is not linked to the tables, or too much would be
   *   deleted
   * @throws MissingTableError, BucketError before anything is changed
   * @throws Error if the settings look wrong, with `apply` and without `force`; nothing is changed then
   */
  async run(): Promise<ReconcileResult> {
    const { apply, adopt = false, force = false, now = nowSeconds, onFinding } = this.options;
    await this.repository.assertReadable(this.repository.tables.users);
    await this.repository.assertReadable(this.repository.tables.audioFiles);
    for (const folder of this.folders.folders) await this.bucket.assertReadable(folder);

    const startedAt = now();
    const unadopted = apply ? await this.marker.objection() : undefined;
    const mends = apply && unadopted === undefined;
    const survey = await this.pass(startedAt, undefined, mends ? () => undefined : onFinding);
    const objection = objectionTo(survey.evidence, adopt ? 0 : undefined);
    const found = { report: survey.report, ...(objection !== undefined && { objection }) };
    if (adopt) return this.adopted(found, force);
    if (!apply) return found;
    if (unadopted !== undefined) {
      const refusal = `${unadopted}. Read the report, and if they belong together: npm run reconcile -- --adopt`;
      return { ...found, refusal };
    }
    if (objection !== undefined && !force) {
      throw new Error(`${objection} Nothing was changed; --force mends all the same`);
    }
    const max = this.options.maxDeletions ?? defaultMaxDeletions(survey.report);
    if (survey.deletions > max) {
      const refusal =
        `${survey.deletions} records and objects would be deleted, and no more than ${max} may be. ` +
        'If the report is right: npm run reconcile -- --apply --max-deletions N';
      return { ...found, refusal };
    }
    const { report } = await this.pass(startedAt, max, onFinding);
    report.expired = await new Quarantine(this.bucket, startedAt).expire();
    return { report };
  }

  private async adopted(found: ReconcileResult, force: boolean): Promise<ReconcileResult> {
    if (found.objection !== undefined && !force) {
      return { ...found, refusal: `${found.objection} --force adopts the bucket all the same` };
    }
    await this.marker.write();
    return found;
  }

  /** @param maxDeletions absent to change nothing */
  private async pass(
    startedAt: number,
    maxDeletions: number | undefined,
    onFinding: ReconcileOptions['onFinding'],
  ): Promise<PassResult> {
    const apply = maxDeletions !== undefined;
    const limit = new DeletionLimit(maxDeletions);
    const report = emptyReport();
    const context: PassContext = {
      ...{ apply, report, onFinding, onProgress: this.options.onProgress },
      cutoff: startedAt - this.options.olderThanHours * HOUR,
      hoursSince: (seconds) => Math.floor((startedAt - seconds) / HOUR),
      remove: (count) => limit.remove(count),
      check: (count) => limit.check(count),
    };
    const quarantine = new Quarantine(this.bucket, startedAt);
    const { repository, files, bucket, folders, outlying } = this;
    const closedAccounts = new ClosedAccountsPass(
      ...([repository, files, this.closed, bucket, this.keys, context, startedAt, this.swept] as const),
    );
    await closedAccounts.run();
    const records = new RecordsPass(
      ...([repository, files, bucket, quarantine, folders, outlying, context] as const),
    );
    await records.run();
    const objects = new ObjectsPass(repository, bucket, quarantine, folders, outlying, context);
    await objects.run();
    const { recordsWithoutAccount, recordsOfObjects } = records;
    const { objectsWithoutRecord } = objects;
    return {
      report,
      deletions: limit.count,
      evidence: {
        ...{ records: report.records, recordsWithoutAccount, recordsOfObjects },
        ...{ objects: report.objects, objectsWithoutRecord },
      },
    };
  }
}
