import { availableParallelism, cpus, loadavg } from 'node:os';
import type { FunctionResult } from './function.js';
import type { FloodResult } from './login-flood.js';
import { FLOOD_CLIENTS } from './login-flood.js';
import { type Measurement, non2xx, percentile } from './load.js';
import { areaUnderCurve, type TimingResult } from './login-timing.js';
import type { Memory } from './process-stats.js';

/** A row of the table. */
export interface Row {
  readonly title: string;
  readonly measurement: Measurement;
}

/** Where and when this was measured. */
export function describeMachine(engine: string, seconds: number): string {
  return [
    `Machine  ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'CPU unknown'}, ${process.platform}`,
    `Node     ${process.version}`,
    `Engine   ${engine}, in memory`,
    `Date     ${new Date().toISOString()}, load average before ${loadavg()[0]?.toFixed(2)}`,
    `Phases   ${seconds} s each; load generator, service and engine share the machine`,
  ].join('\n');
}

/** All measurements in one table. CPU times are compared with the first row. */
export function describeRows(rows: readonly Row[]): string {
  const bareCpu = rows[0]?.measurement.cpuMicros;
  const cells = rows.map(({ title, measurement: m }) => [
    title,
    m.requestsPerSecond.toFixed(m.requestsPerSecond < 100 ? 1 : 0),
    m.p50.toFixed(2),
    m.p99.toFixed(2),
    number(m.cpuMicros, 0),
    number(ratio(m.cpuMicros, bareCpu), 1),
    String(non2xx(m.statuses)),
    String(m.errors),
  ]);
  return table([
    ['', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs/req', 'CPU ÷ bare', 'non-2xx', 'errors'],
    ...cells,
  ]);
}

/** Logins, compared with the rate of Argon2 alone. */
export function describeLoginRate(login: Measurement, hashesPerSecond: number, concurrency: number): string {
  const share = (login.requestsPerSecond / hashesPerSecond) * 100;
  return (
    `Argon2 alone, ${concurrency} at once: ${hashesPerSecond.toFixed(1)} hashes/s; ` +
    `logins: ${login.requestsPerSecond.toFixed(1)}/s, ${share.toFixed(0)} % of that`
  );
}

/** Memory of the service, and after how many requests. */
export function describeMemory(memory: Memory | undefined, requests: number): string {
  const size = `${number(memory?.residentMib, 0)} MiB (peak ${number(memory?.peakMib, 0)} MiB)`;
  return `Memory of the service, resident: ${size} after ${requests} requests`;
}

/** Reads alone and during the flood. */
export function describeFlood({ idle, flooded, logins }: FloodResult): string {
  const others = Object.entries(logins.statuses).filter(([status]) => !['200', '503'].includes(status));
  const served = logins.statuses['200'] ?? 0;
  const counts = [
    `${served} got 200 (${(served / logins.seconds).toFixed(1)}/s)`,
    `${logins.statuses['503'] ?? 0} got 503`,
    ...others.map(([status, n]) => `${n} got ${status}`),
    `${logins.errors} errors`,
  ];
  return [
    `Login flood: GET /api/audio-file/{id}, 5 connections, beside ${FLOOD_CLIENTS} login clients`,
    table([
      ['', 'req/s', 'p50 ms', 'p99 ms'],
      ...Object.entries({ idle, flooded }).map(([name, m]) => [
        ...[name, m.requestsPerSecond.toFixed(0), m.p50.toFixed(2), m.p99.toFixed(2)],
      ]),
      [
        'ratio',
        (flooded.requestsPerSecond / idle.requestsPerSecond).toFixed(2),
        (flooded.p50 / idle.p50).toFixed(1),
        (flooded.p99 / idle.p99).toFixed(1),
      ],
    ]),
    `Logins in ${logins.seconds.toFixed(1)} s: ${counts.join(', ')}`,
  ].join('\n');
}

/** Whether the time of an answer tells which emails have an account. */
export function describeTiming({ unknownEmail, wrongPassword, olderHash }: TimingResult): string {
  const rows = [unknownEmail, wrongPassword, olderHash].map(({ title, latencies }) => {
    const sorted = [...latencies].sort((a, b) => a - b);
    const times = [0.5, 0.99].map((share) => percentile(sorted, share).toFixed(2));
    const auc = areaUnderCurve(latencies, unknownEmail.latencies).toFixed(2);
    return [title, String(sorted.length), ...times, title === unknownEmail.title ? '' : auc];
  });
  return [
    'Failed logins, one after another, in random order',
    table([['', 'count', 'p50 ms', 'p99 ms', 'AUC'], ...rows]),
    'AUC: how well the time tells this from an unknown email; 0.5 is not at all, the aim is 0.4 to 0.6.',
  ].join('\n');
}

/** What a request costs in a Lambda function, beside the server. */
export function describeFunction({ server, function: own, coldCpuMs }: FunctionResult): string {
  const micros = [server, own].map(({ cpuMicros }) => cpuMicros);
  return [
    'One request at a time: GET /api/audio-file/{id}',
    table([
      ['', 'p50 ms', 'p99 ms', 'CPU µs/req'],
      ...Object.entries({ server, function: own }).map(([name, m]) => [
        ...[name, m.p50.toFixed(2), m.p99.toFixed(2), number(m.cpuMicros, 0)],
      ]),
      ['ratio', '', '', number(ratio(micros[1], micros[0]), 2)],
    ]),
    describeStarts('CPU until the first response of a new environment', coldCpuMs),
  ].join('\n');
}

/** Start-to-listening times. */
export function describeStarts(title: string, milliseconds: readonly (number | undefined)[]): string {
  const sorted = milliseconds.filter((one) => one !== undefined).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const range = `${number(sorted[0], 0)} to ${number(sorted.at(-1), 0)}`;
  return `${title}: ${number(median, 0)} ms (median of ${sorted.length}, ${range})`;
}

/** What makes a run fail: an answer outside 2xx, or none. */
export function problemsOf({ title, measurement: { statuses, errors } }: Row): string[] {
  const wrong = non2xx(statuses);
  const detail = JSON.stringify(statuses);
  if (Object.keys(statuses).length === 0) return [`${title}: no answer at all, ${errors} errors`];
  return wrong + errors === 0 ? [] : [`${title}: ${wrong} answers outside 2xx (${detail}), ${errors} errors`];
}

function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined ? undefined : value / base;
}

function number(value: number | undefined, digits: number): string {
  return value === undefined ? 'n/a' : value.toFixed(digits);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return rows.map(line).join('\n');
}
