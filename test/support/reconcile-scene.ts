import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { nowSeconds } from '../../src/common/time.js';
import type { AppConfig } from '../../src/config/config.js';
import { Reconcile, type ReconcileOptions, type ReconcileResult } from '../../src/reconcile/reconcile.js';
import type { Finding, ReconcileReport } from '../../src/reconcile/report.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { QUARANTINE_FOLDER, TABLES_MARKER_KEY } from '../../src/config/reserved-keys.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { adoptBucket } from './adopted-bucket.js';
import { allRows, olderAudioFile, olderUser, putRows, type Row } from './takeover-rows.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from './test-tables.js';

const HOUR = 3600;

/** Differences from the default scene. */
export interface SceneOptions {
  readonly environment?: Record<string, string>;
  /** Whether the bucket is linked to the tables; true by default. */
  readonly adopted?: boolean;
  /** Number of accounts; one by default. */
  readonly users?: number;
}

/** Differences from a report-only run on the tables and the bucket of the scene. */
export interface RunOptions extends Partial<ReconcileOptions> {
  /** Two days by default, after which everything that a test created is old. */
  readonly hoursFromNow?: number;
  readonly config?: AppConfig;
  readonly client?: DynamoDBClient;
  readonly store?: OperatorStore;
}

/**
 * Tables and a bucket to reconcile, with accounts without audio. The bucket is separate, because other tests write
 * objects without records to the shared one.
 */
export class ReconcileScene {
  /** The findings of the last run. */
  findings: Finding[] = [];

  private constructor(
    readonly config: AppConfig,
    readonly client: DynamoDBClient,
    readonly s3: S3Client,
    /** Ids of the accounts, in the order in which their objects are listed. */
    readonly users: readonly string[],
  ) {}

  static async arrange({
    environment = {},
    adopted = true,
    users = 1,
  }: SceneOptions = {}): Promise<ReconcileScene> {
    const config = testConfig({ AWS_S3_BUCKET_NAME: `b-${randomUUID()}`, ...environment });
    const [client, s3] = [testClient(config), createS3Client(config)];
    await createTestTables(client, config.tables);
    await s3.send(new CreateBucketCommand({ Bucket: config.storage.bucket }));
    if (adopted) await adoptBucket(client, s3, config);
    const rows = Array.from({ length: users }, () => olderUser());
    await putRows(client, config.tables.users, rows);
    return new ReconcileScene(config, client, s3, rows.map(({ user_id: id }) => id).sort());
  }

  /** Deletes the tables. */
  async close(): Promise<void> {
    await deleteTestTables(this.client, this.config.tables);
    this.client.destroy();
    this.s3.destroy();
  }

  /** The first of the accounts. */
  get ada(): string {
    return this.users[0] as string;
  }

  get bucket(): string {
    return this.config.storage.bucket as string;
  }

  run(options: RunOptions = {}): Promise<ReconcileResult> {
    const { hoursFromNow = 48, config = this.config, client = this.client, store, ...others } = options;
    this.findings = [];
    const reconcile = new Reconcile(client, store ?? this.openStore(config), config, {
      ...{ apply: false, olderThanHours: 24, now: () => nowSeconds() + hoursFromNow * HOUR },
      onProgress: () => undefined,
      onFinding: (finding) => this.findings.push(finding),
      ...others,
    });
    return reconcile.run();
  }

  /** Runs, and returns the report with the objection, if there is one. */
  async reconcile(
    apply: boolean,
    options: RunOptions = {},
  ): Promise<ReconcileReport & { objection?: string }> {
    const { report, objection } = await this.run({ apply, ...options });
    return { ...report, ...(objection !== undefined && { objection }) };
  }

  openStore({ storage }: AppConfig = this.config): OperatorStore {
    return new OperatorStore(this.s3, storage.bucket, storage.budgetMs);
  }

  async put(Key: string, Body = 'abc'): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key, Body }));
  }

  /** Keys of all objects except the marker, sorted. */
  async allKeys(): Promise<string[]> {
    const input = { Bucket: this.bucket, EncodingType: 'url' as const };
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command(input));
    return Contents.map(({ Key = '' }) => decodeURIComponent(Key.replaceAll('+', ' ')))
      .filter((key) => key !== TABLES_MARKER_KEY)
      .sort();
  }

  /** Keys of the objects that are not in quarantine, sorted. */
  async keys(): Promise<string[]> {
    return (await this.allKeys()).filter((key) => !key.startsWith(`${QUARANTINE_FOLDER}/`));
  }

  /** A key in the folder of Ada, or of another account, by its number. */
  own(name: string | number, user = 0): string {
    return `audio_upload/${this.users[user]}/${name}`;
  }

  /** The row of a record of Ada from now, which is not stored. */
  record(overrides: Row = {}): Row & { file_id: string } {
    return {
      ...olderAudioFile({ user_id: this.ada, uploaded_at: nowSeconds(), ...overrides }),
      file_id: (overrides['file_id'] as string | undefined) ?? randomUUID(),
    };
  }

  /** Stores rows of records. */
  store(...rows: Row[]): Promise<void> {
    return putRows(this.client, this.config.tables.audioFiles, rows);
  }

  /** Every row of the table of records, sorted. */
  records(): Promise<Row[]> {
    return allRows(this.client, this.config.tables.audioFiles);
  }

  putUsers(...rows: Row[]): Promise<void> {
    return putRows(this.client, this.config.tables.users, rows);
  }
}
