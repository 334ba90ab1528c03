import type { Activity, DatabaseCall, StorageCallMetrics } from '../metrics.js';
import type { MetricName, MetricValues } from './emf-line.js';
import { rounded, Sums } from './sums.js';

const ACTIVITIES: Readonly<Record<Activity, MetricName>> = {
  registration: 'Registrations',
  login: 'Logins',
  'upload-completed': 'Uploads',
  download: 'Downloads',
  'audio-file-created': 'FilesCreated',
  'audio-file-deleted': 'FilesDeleted',
  'account-deleted': 'AccountsDeleted',
};

type DatabaseLabels = Pick<DatabaseCall, 'table' | 'operation' | 'kind' | 'outcome'>;
type StorageLabels = Pick<StorageCallMetrics, 'operation' | 'outcome'>;

/** What a period has besides its requests. */
export class OtherCounts {
  private readonly database = new Sums<DatabaseLabels, 'calls' | 'attempts' | 'duration_ms' | 'units'>();
  private readonly storage = new Sums<StorageLabels, 'calls' | 'duration_ms'>();
  private readonly refusals = new Sums<{ limit: string }, 'count'>();
  private readonly cache = new Sums<{ result: 'hit' | 'miss' }, 'count'>();
  private readonly activities = new Sums<{ name: MetricName }, 'count'>();
  private readonly hashing = new Sums<object, 'waits' | 'wait_ms'>();

  get isEmpty(): boolean {
    const all = [this.database, this.storage, this.refusals, this.cache, this.activities, this.hashing];
    return all.every(({ isEmpty }) => isEmpty);
  }

  databaseCall({ table, operation, kind, outcome, attempts, durationMs, units }: DatabaseCall): void {
    const labels = { operation, kind, outcome };
    this.database.add({ table, ...labels }, { calls: 1, attempts, duration_ms: durationMs, units: 0 });
    for (const [consumer, consumed] of Object.entries(units)) {
      this.database.add(
        { table: consumer, ...labels },
        { calls: 0, attempts: 0, duration_ms: 0, units: consumed },
      );
    }
  }

  storageCall({ operation, outcome, durationMs }: StorageCallMetrics): void {
    this.storage.add({ operation, outcome }, { calls: 1, duration_ms: durationMs });
  }

  hashWait(durationMs: number): void {
    this.hashing.add({}, { waits: 1, wait_ms: durationMs });
  }

  limitRefusal(limit: string): void {
    this.refusals.add({ limit }, { count: 1 });
  }

  cacheRead(hit: boolean): void {
    this.cache.add({ result: hit ? 'hit' : 'miss' }, { count: 1 });
  }

  activity(activity: Activity): void {
    this.activities.add({ name: ACTIVITIES[activity] }, { count: 1 });
  }

  /** The metrics. */
  values(): MetricValues {
    const { database, storage, activities } = this;
    const names = Object.values(ACTIVITIES);
    return {
      DynamoDBCalls: database.total('calls'),
      DynamoDBFailures: database.total('calls', ({ outcome }) => ['failed', 'throttled'].includes(outcome)),
      ReadUnits: rounded(database.total('units', ({ kind }) => kind === 'read')),
      WriteUnits: rounded(database.total('units', ({ kind }) => kind === 'write')),
      S3Calls: storage.total('calls'),
      S3Failures: storage.total('calls', ({ outcome }) => outcome === 'failed'),
      ...Object.fromEntries(names.map((name) => [name, activities.total('count', (of) => of.name === name)])),
    };
  }

  /** The details that are no metrics, as lists. Those without an entry are left out. */
  properties(): object {
    const { database, storage, refusals, cache, hashing } = this;
    const lists = { dynamodb: database, s3: storage, refusals, cache, hashing };
    return Object.fromEntries(
      Object.entries(lists)
        .filter(([, sums]) => !sums.isEmpty)
        .map(([name, sums]) => [name, sums.list()]),
    );
  }
}
