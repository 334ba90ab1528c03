import { type Activity, type DatabaseCall, Metrics, type StorageCallMetrics } from '../metrics.js';
import { emfLine, type MetricValues } from './emf-line.js';
import { OtherCounts } from './other-counts.js';
import { ServedRequests } from './served-requests.js';

/** Requests that are kept in memory until they are written: busy servers write more often than their timer says. */
const MAX_REQUESTS = 5_000;

/**
 * Metrics in the embedded metric format of CloudWatch. They are added up in memory, and `flush` writes them. No line has
 * a user id, an address or a path.
 */
export class EmfMetrics extends Metrics {
  private requests = new ServedRequests();
  private others = new OtherCounts();

  /**
   * @param service value of the only dimension
   * @param write takes one line without its end; does not throw
   */
  constructor(
    private readonly service: string,
    private readonly write: (line: string) => void,
  ) {
    super();
  }

  /** Nothing: requests count when they end. */
  requestStarted(): void {
    return;
  }

  requestEnded(method: string, route: string, status: number, durationMs: number): void {
    this.requests.add(method, route, status, durationMs);
    if (this.requests.count >= MAX_REQUESTS) this.flush();
  }

  databaseCall(call: DatabaseCall): void {
    this.others.databaseCall(call);
  }

  storageCall(call: StorageCallMetrics): void {
    this.others.storageCall(call);
  }

  hashWait(durationMs: number): void {
    this.others.hashWait(durationMs);
  }

  limitRefusal(limit: string): void {
    this.others.limitRefusal(limit);
  }

  cacheRead(hit: boolean): void {
    this.others.cacheRead(hit);
  }

  activity(activity: Activity): void {
    this.others.activity(activity);
  }

  /** Nothing: such values tell of a moment, and a line tells of a period. */
  watch(): void {
    return;
  }

  /**
   * Writes one line if there was one request, as on Lambda. Otherwise one for each method, route and status (for at most
   * 100 requests, the limit of the format) and one for all else. Nothing if nothing happened.
   */
  flush(): void {
    const { others } = this;
    const groups = this.requests.list();
    this.requests = new ServedRequests();
    this.others = new OtherCounts();
    const [only] = groups;
    if (only !== undefined && groups.length === 1) {
      this.writeLine({ ...only.values, ...others.values() }, { ...only.properties, ...others.properties() });
      return;
    }
    for (const { values, properties } of groups) this.writeLine(values, properties);
    if (!others.isEmpty) this.writeLine(others.values(), others.properties());
  }

  close(): void {
    this.flush();
  }

  private writeLine(values: MetricValues, properties: object): void {
    this.write(emfLine(this.service, values, properties));
  }
}
