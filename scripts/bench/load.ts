import autocannon from 'autocannon';
import { cpuMicros } from './process-stats.js';

/** One kind of request, and the number of concurrent clients. */
export interface Load {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly connections: number;
}

/** The result of a load. */
export interface Measurement {
  readonly responses: number;
  readonly requestsPerSecond: number;
  /** Milliseconds, as are all latencies here. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the server for one request, all threads; microseconds. Undefined if it cannot be read. */
  readonly cpuMicros: number | undefined;
  /** Number of responses by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Refused, lost and timed-out requests. */
  readonly errors: number;
}

/** How often autocannon checks whether to stop. Its default of a second is too coarse for a short run. */
const STOP_CHECK_MS = 50;

/** Without this limit a stopped server would receive requests until the time is over. */
const GIVE_UP_AFTER = 100;

const base = ({ url, method = 'GET', headers = {}, body, connections }: Load): autocannon.Options => ({
  ...{ url, method, headers, connections, sampleInt: STOP_CHECK_MS, bailout: GIVE_UP_AFTER },
  ...(body !== undefined && { body }),
});

/**
 * Sends requests for `seconds`. Each client sends the next one when it has its response.
 *
 * The open requests at the end (at most one for each connection) are aborted. They are not counted but their CPU time
 * is, which adds less than connections ÷ requests to the CPU figure.
 *
 * @param pid process whose CPU time is read
 */
export async function measure(load: Load, seconds: number, pid?: number): Promise<Measurement> {
  // autocannon's histogram has whole milliseconds only, and most responses take less than two.
  const latencies: number[] = [];
  const cpuBefore = pid === undefined ? undefined : cpuMicros(pid);
  const started = performance.now();
  const result = await run({ ...base(load), duration: seconds }, (latency) => latencies.push(latency));
  const elapsed = (performance.now() - started) / 1000;
  const cpuAfter = pid === undefined ? undefined : cpuMicros(pid);

  latencies.sort((a, b) => a - b);
  const responses = latencies.length;
  const cpu = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  return {
    responses,
    requestsPerSecond: responses / elapsed,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpuMicros: cpu === undefined ? undefined : cpu / responses,
    ...counts(result),
  };
}

/**
 * Sends `amount` requests, or one for each connection if that is more, without a measurement.
 *
 * @returns number of responses
 */
export async function send(load: Load, amount: number): Promise<number> {
  const { statuses } = counts(await run({ ...base(load), amount: Math.max(amount, load.connections) }));
  return Object.values(statuses).reduce((sum, n) => sum + n, 0);
}

/** Sends requests for `seconds` from another thread, so that the flood does not slow down measurements in this one. */
export async function flood(
  load: Load,
  seconds: number,
): Promise<Pick<Measurement, 'statuses' | 'errors'> & { seconds: number }> {
  const result = await run({ ...base(load), duration: seconds, workers: 1 });
  return { ...counts(result), seconds: result.duration };
}

/** Responses outside 2xx. */
export function non2xx(statuses: Measurement['statuses']): number {
  return Object.entries(statuses).reduce((sum, [status, n]) => sum + (status.startsWith('2') ? 0 : n), 0);
}

async function run(
  options: autocannon.Options,
  onLatency?: (milliseconds: number) => void,
): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    const instance = autocannon(options, (error: Error | null, result) => {
      if (error) reject(error);
      else resolve(result);
    });
    if (onLatency) instance.on('response', (_client, _status, _bytes, latency) => onLatency(latency));
  });
}

function counts(result: autocannon.Result): Pick<Measurement, 'statuses' | 'errors'> {
  const stats = Object.entries(result.statusCodeStats ?? {});
  const statuses = Object.fromEntries(stats.map(([status, { count = 0 }]) => [status, count]));
  const answered = Object.values(statuses).reduce((sum, n) => sum + n, 0);
  // When a server closes a connection, autocannon opens the next one and does not report the lost request.
  const unanswered = result.requests.sent - answered - result.connections;
  return { statuses, errors: Math.max(result.errors, unanswered) };
}

/** Nearest rank. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
