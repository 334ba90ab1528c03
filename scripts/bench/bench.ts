/**
 * `npm run bench`: what a request costs, on a database in memory, beside the least that Node can do for one.
 *
 * BENCH_SECONDS  length of each measured phase (8)
 * BENCH_ONLY     what to measure, e.g. `get,list`; of live, health, get, list, login, memory, timing, flood, start
 *
 * Prints numbers and judges none. Exits with 1 when requests failed, since then the numbers are of something else.
 * Linux; on macOS without CPU and memory.
 */
import { killAllChildren } from '../local-engines/child.js';
import { readOptions } from './options.js';
import { Programs } from './programs.js';
import { Run } from './run.js';

/**
 * The time limit of a run: 420 s for starts, stops and the logins that are timed one by one, plus the length of each
 * phase and 15 s for its warm-up.
 */
const limitMs = (seconds: number): number => (420 + 12 * (seconds + 15)) * 1000;

async function main(): Promise<number> {
  const options = readOptions(process.env);
  const stop = new AbortController();
  const limit = setTimeout(
    () => stop.abort(new Error('The benchmark took too long')),
    limitMs(options.seconds),
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(`Stopped by ${signal}`)));
  }
  const programs = new Programs(stop);
  try {
    const problems = await Promise.race([
      new Run(options, programs, stop.signal).execute(),
      rejectWhenAborted(stop.signal),
    ]);
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  } finally {
    clearTimeout(limit);
    await programs.stopAll();
    killAllChildren();
  }
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

const code = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});
// Exits at once: setting only the exit code would let a running load continue without a server.
process.exit(code);
