/** Prints the figures of one fault, for whoever reads the run: `throttled: 503 after 212 ms, 2 attempts`. */
export function report(fault: string, figures: string): void {
  process.stderr.write(`${fault}: ${figures}\n`);
}

/** What a piece of work gave, and how long it took in milliseconds. */
export async function timed<T>(work: () => PromiseLike<T>): Promise<{ result: T; ms: number }> {
  const started = performance.now();
  const result = await work();
  return { result, ms: Math.round(performance.now() - started) };
}

/** `0.3 s` */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
