import type { Units } from './endpoints.js';
import type { Flood } from './flood.js';
import { HOURS_PER_MONTH, type Prices } from './prices.js';
import {
  BYTES_PER_ACCOUNT,
  BYTES_PER_RECORD,
  CALLS_PER_USER,
  LEVELS,
  RECORDS_PER_USER,
} from './usage-levels.js';

const MILLION = 1e6;
const GIGABYTE = 1e9;
const SECONDS_PER_HOUR = 3600;

/** Dollars for the requests themselves. */
export function priceOf({ read, write }: Units, { dynamodb }: Prices): number {
  return (read * dynamodb.readUnitsPerMillion + write * dynamodb.writeUnitsPerMillion) / MILLION;
}

/** Units of everything that one user does in a month. */
export function unitsPerUser(units: ReadonlyMap<string, Units>): Units {
  let [read, write] = [0, 0];
  for (const [name, calls] of Object.entries(CALLS_PER_USER)) {
    const cost = units.get(name);
    if (!cost) throw new Error(`${name} was not measured`);
    read += calls * cost.read;
    write += calls * cost.write;
  }
  return { read, write };
}

/** Units of each call, and dollars for a million of them. */
export function describeCalls(
  units: ReadonlyMap<string, Units>,
  withLimits: ReadonlyMap<string, Units>,
  prices: Prices,
): string {
  const rows = [...units].map(([name, cost]) => [
    name,
    String(cost.read),
    String(cost.write),
    (priceOf(cost, prices) * MILLION).toFixed(2),
    limitUnits(cost, withLimits.get(name)),
    String(CALLS_PER_USER[name] ?? '–'),
  ]);
  return table(['', 'read', 'write', '$ a million', 'limits', 'a user a month'], rows);
}

/** What counting adds to a call. */
function limitUnits(without: Units, { read, write }: Units = without): string {
  const [reads, writes] = [read - without.read, write - without.write];
  return [...(reads > 0 ? [`${reads} R`] : []), ...(writes > 0 ? [`${writes} W`] : [])].join(' + ') || '–';
}

/** Dollars that an hour of a flood from one address costs, beside what it would cost to count each request. */
export function describeFlood({ requests, writeUnits, windowSeconds }: Flood, prices: Prices): string {
  const perWindow = priceOf({ read: 0, write: writeUnits }, prices);
  const [counted, remembered] = [
    priceOf({ read: 0, write: MILLION }, prices),
    (perWindow * SECONDS_PER_HOUR) / windowSeconds,
  ];
  return (
    `A million requests an hour from one address: $${counted.toFixed(2)} an hour if each were counted, ` +
    `$${remembered.toFixed(4)} for each instance\n(${requests} requests in a window consumed ${writeUnits} W: refusals are remembered)`
  );
}

/** Dollars a month for each level of use, beside PostgreSQL that is always on and what the older backend published. */
export function describeMonths(
  units: ReadonlyMap<string, Units>,
  withLimits: ReadonlyMap<string, Units>,
  prices: Prices,
): string {
  const requests = priceOf(unitsPerUser(units), prices);
  const limits = priceOf(unitsPerUser(withLimits), prices) - requests;
  const bytes = RECORDS_PER_USER * BYTES_PER_RECORD + BYTES_PER_ACCOUNT;
  const perGigabyte = prices.dynamodb.storagePerGbMonth + prices.dynamodb.pointInTimeRecoveryPerGbMonth;
  const rows = LEVELS.map(({ name, users }) => {
    const storage = ((users * bytes) / GIGABYTE) * perGigabyte;
    const published = prices.olderBackend.published[name];
    return [
      name,
      users.toLocaleString('en'),
      dollars(users * requests),
      dollars(users * limits),
      dollars(storage),
      dollars(users * (requests + limits) + storage),
      range(published.dynamodb),
      range(published.postgres),
    ];
  });
  const head = ['', 'users', 'requests', 'limits', 'storage', 'in all', 'older backend', 'its PostgreSQL'];
  const postgres = prices.postgres.map(({ instance, perHour, storageGb }) => {
    const month = perHour * HOURS_PER_MONTH + storageGb * prices.postgresStoragePerGbMonth;
    return [instance, `${storageGb} GB`, dollars(month)];
  });
  return `${table(head, rows)}\n\n${table(['PostgreSQL, always on', 'storage', 'a month'], postgres)}`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

function range([from = 0, to = 0]: number[]): string {
  return `$${from}–${to}`;
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [line(head), ...rows.map(line)].join('\n');
}
