import { StartError } from './start-error.js';
import { stopSignal } from './stop-signals.js';

/** Adds what ends a thing that was started. */
export type Stops = (() => Promise<void>)[];

/**
 * Runs a program that goes on until it is told to stop, ends what it started in the reverse order, and then this process. A
 * failure is shown as a sentence.
 */
export async function runProgram(run: (signal: AbortSignal, stops: Stops) => Promise<void>): Promise<never> {
  const signal = stopSignal();
  const stops: Stops = [];
  try {
    try {
      await run(signal, stops);
    } finally {
      // The last one first: it still needs the others for the requests it has.
      for (const stop of stops.reverse()) await stop();
    }
  } catch (error) {
    // A start broken off by Ctrl-C ends with the error of whatever was waited for: nothing to report.
    if (!signal.aborted) {
      process.exitCode = 1;
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  if (signal.aborted) process.stdout.write('Stopped\n');
  process.exit();
}

/** Waits for `work`. @throws StartError with what failed meanwhile */
export async function unless(failures: Promise<string>[], work: Promise<void>): Promise<void> {
  const failure = await Promise.race([...failures, work]);
  if (typeof failure === 'string') throw new StartError(failure);
}

/** Waits until `signal` is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
