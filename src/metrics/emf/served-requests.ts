import { MAX_VALUES, type MetricValues } from './emf-line.js';

/** Requests of one kind, at most as many as a line may have values. */
export interface RequestGroup {
  readonly values: MetricValues;
  readonly properties: { readonly method: string; readonly route: string; readonly status: number };
}

/** The requests of a period, by method, route and status. */
export class ServedRequests {
  private readonly groups = new Map<
    string,
    { method: string; route: string; status: number; latencies: number[] }
  >();
  private requests = 0;

  /** How many there are. */
  get count(): number {
    return this.requests;
  }

  add(method: string, route: string, status: number, durationMs: number): void {
    const key = `${method} ${route} ${status}`;
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = { method, route, status, latencies: [] }));
    group.latencies.push(Math.round(durationMs * 10) / 10);
    this.requests++;
  }

  /** What a line each can hold. */
  list(): RequestGroup[] {
    return [...this.groups.values()].flatMap(({ latencies, ...properties }) =>
      chunksOf(latencies).map((chunk) => ({ values: valuesOf(properties.status, chunk), properties })),
    );
  }
}

function valuesOf(status: number, latencies: number[]): MetricValues {
  const count = latencies.length;
  return {
    Requests: count,
    ServerErrors: status >= 500 ? count : 0,
    ClientErrors: status >= 400 && status < 500 && status !== 429 ? count : 0,
    Throttled: status === 429 ? count : 0,
    Latency: latencies,
  };
}

function chunksOf(values: number[]): number[][] {
  return Array.from({ length: Math.ceil(values.length / MAX_VALUES) }, (_, i) =>
    values.slice(i * MAX_VALUES, (i + 1) * MAX_VALUES),
  );
}
