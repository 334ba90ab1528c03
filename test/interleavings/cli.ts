/**
 * `npm run test:interleavings`: explores orders of calls, and prints how many were run and what was found. With `--all`
 * all orders of all pairs; with `--replay '<sequence>'` one order, as a failing run printed it. Everything else is for Jest.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `pairs.ts` leaves of a scenario. */
interface Counted {
  readonly name: string;
  readonly orders: number;
  readonly leftOut: number;
  readonly failures: number;
  readonly unfollowed: number;
}

const directory = mkdtempSync(join(tmpdir(), 'interleavings-'));
const counts = join(directory, 'counts');
const started = performance.now();

const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    createRequire(import.meta.url).resolve('jest/bin/jest'),
    ...['--config', 'jest.interleavings.config.js'],
    ...readArguments(process.argv.slice(2)),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, EXPLORE_COUNTS: counts } },
);

child.once('exit', (code, signal) => {
  process.stderr.write(`${summary()}\n`);
  rmSync(directory, { recursive: true, force: true });
  process.exitCode = code ?? 128 + constants.signals[signal as NodeJS.Signals];
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));

/** Takes out what is not for Jest and puts it into the environment, where the workers find it. */
function readArguments(args: readonly string[]): string[] {
  const rest: string[] = [];
  for (let n = 0; n < args.length; n++) {
    const argument = args[n] as string;
    if (argument === '--all') process.env['EXPLORE'] = 'all';
    else if (argument === '--replay') {
      process.env['EXPLORE_REPLAY'] = args[++n] ?? '';
      // A spec without the scenario has no test then.
      rest.push('--testPathIgnorePatterns', 'schedule', 'model');
    } else rest.push(argument);
  }
  return rest;
}

function summary(): string {
  const lines = existsSync(counts) ? readFileSync(counts, 'utf8').trim().split('\n') : [];
  const scenarios = lines.map((line) => JSON.parse(line) as Counted);
  const sum = (key: 'orders' | 'leftOut' | 'failures' | 'unfollowed') =>
    scenarios.reduce((total, scenario) => total + scenario[key], 0);
  const seconds = (performance.now() - started) / 1000;
  const unfollowed = sum('unfollowed');
  return [
    `${scenarios.length} scenarios, ${sum('orders')} orders run in ${seconds.toFixed(0)} s, ${sum('leftOut')} left out as equal to others`,
    `${sum('failures')} failed, in ${scenarios.filter(({ failures }) => failures > 0).length} scenarios`,
    ...(unfollowed > 0 ? [`${unfollowed} could not be followed`] : []),
  ].join('; ');
}
