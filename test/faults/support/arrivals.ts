import { execFile } from 'node:child_process';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { percentile } from '../../../scripts/bench/load.js';
import { send, type Sending } from './client.js';

/** How long to wait for the last answers. Milliseconds. */
const END_LIMIT_MS = 20_000;

/**
 * Does something at random moments, as strangers do who know nothing of each other (a Poisson process), whatever
 * becomes of what was begun before.
 *
 * @param begin is told the moment that it was due at, on the clock of `performance.now()`
 */
export async function arrive(
  begin: (due: number) => void,
  perSecond: number,
  milliseconds: number,
): Promise<void> {
  const gap = () => (-Math.log(1 - Math.random()) * 1000) / perSecond;
  const started = performance.now();
  for (let due = started + gap(); due < started + milliseconds; due += gap()) {
    while (performance.now() < due) await sleep(1);
    begin(due);
  }
}

/** A request, and how often it is sent. */
export interface Arrivals extends Sending {
  readonly url: string;
  /** Of all together. */
  readonly perSecond: number;
  readonly seconds: number;
  /** For how long of it nothing is timed or counted yet: a client that has just begun is slow itself. */
  readonly warmUpSeconds?: number;
  /** Connections there are at most; a request waits for one, and that counts as its time. */
  readonly connections: number;
}

/** What came of it. */
export interface Answered {
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without an answer. */
  readonly errors: number;
  /** From when a request was due to the end of its answer, milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Sends requests at random moments over connections that stay open, and waits for all answers. */
export async function sendArrivals(arrivals: Arrivals): Promise<Answered> {
  const { url, perSecond, seconds, connections, warmUpSeconds = 0, ...sending } = arrivals;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  const waiting = new Set<Promise<void>>();
  const isWarmFrom = performance.now() + warmUpSeconds * 1000;
  let errors = 0;
  const one = async (due: number) => {
    const { status } = await send(url, { ...sending, agent, timeoutMs: END_LIMIT_MS });
    if (due < isWarmFrom) return;
    times.push(performance.now() - due);
    if (status === 0) errors++;
    else statuses[status] = (statuses[status] ?? 0) + 1;
  };
  await arrive(
    (due) => {
      const answered = one(due).finally(() => waiting.delete(answered));
      waiting.add(answered);
    },
    perSecond,
    seconds * 1000,
  );
  await Promise.all(waiting);
  agent.destroy();
  times.sort((a, b) => a - b);
  return { statuses, errors, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/**
 * The same from a process of its own, so that neither side slows the other one's measurement down.
 *
 * @param niceness of that process: one whose times do not matter gives way to those whose do
 */
export async function sendArrivalsApart(arrivals: Arrivals, niceness = 0): Promise<Answered> {
  const sending = [JSON.stringify(arrivals), String(niceness)];
  const program = ['--import', 'tsx', 'test/faults/support/send-arrivals.ts', ...sending];
  const { stdout } = await promisify(execFile)(process.execPath, program);
  return JSON.parse(stdout) as Answered;
}
