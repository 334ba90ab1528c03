import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

import type { ActiveUsers } from './active-users.js';
import {
  type Activity,
  type DatabaseCall,
  Metrics,
  type StorageCallMetrics,
  type WatchOptions,
} from './metrics.js';

/** Seconds; from a cached response to the longest deadline. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SECOND_MS = 1000;

/**
 * Metrics for Prometheus, of one process, in a separate registry. Names and labels are an interface for dashboards and
 * alarms. No label has a value that clients choose.
 */
export class PrometheusMetrics extends Metrics {
  readonly registry = new Registry();

  private readonly requests = this.histogram('http_request_duration_seconds', 'Requests served', [
    ...['method', 'route', 'status'],
  ]);
  private readonly inFlight = this.gauge('http_requests_in_flight', 'Requests being served');
  private readonly databaseCalls = this.histogram('dynamodb_call_duration_seconds', 'Calls to DynamoDB', [
    ...['table', 'operation', 'outcome'],
  ]);
  private readonly databaseAttempts = this.counter('dynamodb_attempts_total', 'Tries of calls to DynamoDB', [
    ...['table', 'operation'],
  ]);
  private readonly databaseUnits = this.counter('dynamodb_consumed_units_total', 'Request units consumed', [
    ...['table', 'operation', 'kind'],
  ]);
  private readonly storageCalls = this.histogram('s3_call_duration_seconds', 'Calls to S3', [
    ...['operation', 'outcome'],
  ]);
  private readonly hashWaits = this.histogram('password_hash_wait_seconds', 'Waits for a turn to hash', []);
  private readonly refusals = this.counter('limit_refusals_total', 'Requests over a limit', ['limit']);
  private readonly cacheReads = this.counter('cache_reads_total', 'Records looked up in the cache', [
    'result',
  ]);
  private readonly activities = this.counter('activity_total', 'What people did', ['activity']);

  /** @param build version of the service and of Node */
  constructor(
    private readonly activeUsers: ActiveUsers,
    build: { version: string; node: string },
  ) {
    super();
    collectDefaultMetrics({ register: this.registry });
    this.watch('active_users_today', 'Different users served since midnight UTC', () => activeUsers.count(), {
      aggregator: activeUsers.areShared ? 'max' : 'sum',
    });
    const info = new Gauge({
      ...{ name: 'build_info', help: 'What runs', labelNames: ['version', 'node'] as const },
      ...{ aggregator: 'first' as const, registers: [this.registry] },
    });
    info.set(build, 1);
  }

  requestStarted(): void {
    this.inFlight.inc();
  }

  requestEnded(method: string, route: string, status: number, durationMs: number, userId?: string): void {
    this.inFlight.dec();
    if (userId !== undefined) this.activeUsers.note(userId);
    this.requests.observe({ method, route, status: String(status) }, durationMs / SECOND_MS);
  }

  databaseCall({ table, operation, outcome, ...call }: DatabaseCall): void {
    this.databaseCalls.observe({ table, operation, outcome }, call.durationMs / SECOND_MS);
    this.databaseAttempts.inc({ table, operation }, call.attempts);
    for (const [consumer, units] of Object.entries(call.units)) {
      this.databaseUnits.inc({ table: consumer, operation, kind: call.kind }, units);
    }
  }

  storageCall({ operation, outcome, durationMs }: StorageCallMetrics): void {
    this.storageCalls.observe({ operation, outcome }, durationMs / SECOND_MS);
  }

  hashWait(durationMs: number): void {
    this.hashWaits.observe(durationMs / SECOND_MS);
  }

  limitRefusal(limit: string): void {
    this.refusals.inc({ limit });
  }

  cacheRead(hit: boolean): void {
    this.cacheReads.inc({ result: hit ? 'hit' : 'miss' });
  }

  activity(activity: Activity): void {
    this.activities.inc({ activity });
  }

  /** A gauge that is read at each scrape. */
  watch(
    name: string,
    help: string,
    read: () => number | Promise<number>,
    { aggregator = 'sum' }: WatchOptions = {},
  ): void {
    this.registry.registerMetric(
      new Gauge({
        name,
        help,
        aggregator,
        registers: [],
        async collect() {
          this.set(await read());
        },
      }),
    );
  }

  /** Nothing: Prometheus fetches the metrics itself. */
  flush(): void {
    return;
  }

  close(): void {
    this.registry.clear();
  }

  private histogram<Label extends string>(name: string, help: string, labelNames: Label[]): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: DURATION_BUCKETS, registers: [this.registry] });
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private gauge<Label extends string>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}
