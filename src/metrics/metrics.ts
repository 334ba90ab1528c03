/** Activities of users, as a measure of how the app is used. */
export type Activity =
  | 'registration'
  | 'login'
  | 'upload-completed'
  | 'download'
  | 'audio-file-created'
  | 'audio-file-deleted'
  | 'account-deleted';

/** A finished call to DynamoDB. */
export interface DatabaseCall {
  /** The first one, if there are several. */
  readonly table: string;
  /** `GetItem`, `Query`, … */
  readonly operation: string;
  readonly durationMs: number;
  readonly outcome: 'ok' | 'refused' | 'throttled' | 'failed';
  /** Attempts of the SDK. */
  readonly attempts: number;
  /** Whether it is a read or a write. */
  readonly kind: 'read' | 'write';
  /** Request units by table: a batch or a transaction may use several. */
  readonly units: Readonly<Record<string, number>>;
}

/** A finished call to S3. Requests of clients with a presigned URL do not count. */
export interface StorageCallMetrics {
  /** `HeadObject`, `DeleteObjects`, … */
  readonly operation: string;
  readonly durationMs: number;
  readonly outcome: 'ok' | 'failed';
}

/** Options of {@link Metrics.watch}. */
export interface WatchOptions {
  /** How the values of several processes are combined. `sum` by default. */
  readonly aggregator?: 'sum' | 'max';
}

/**
 * What the service counts. Modules inject it, or `undefined` if metrics are off. Durations are in milliseconds. No method
 * throws.
 */
export abstract class Metrics {
  abstract requestStarted(): void;

  /**
   * @param route template, never the path
   * @param userId of the token, if there is one
   */
  abstract requestEnded(
    method: string,
    route: string,
    status: number,
    durationMs: number,
    userId?: string,
  ): void;

  abstract databaseCall(call: DatabaseCall): void;

  abstract storageCall(call: StorageCallMetrics): void;

  /** The wait of a password hash for its turn. */
  abstract hashWait(durationMs: number): void;

  /** @param limit its name */
  abstract limitRefusal(limit: string): void;

  abstract cacheRead(hit: boolean): void;

  abstract activity(activity: Activity): void;

  /** A value that is read when the metrics are, for formats that can. */
  abstract watch(
    name: string,
    help: string,
    read: () => number | Promise<number>,
    options?: WatchOptions,
  ): void;

  /** Writes what was counted since the last time, for formats that are written and not fetched. */
  abstract flush(): void;

  /** Ends with the application. Writes what is left. */
  abstract close(): void;
}
