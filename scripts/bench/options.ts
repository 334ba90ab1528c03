/** The sections that `BENCH_ONLY` can select, in order. */
export const SECTIONS = [
  'live',
  'health',
  'get',
  'list',
  'login',
  'memory',
  'timing',
  'flood',
  'start',
  'lambda',
] as const;
export type Section = (typeof SECTIONS)[number];

/** Options of a run. */
export interface BenchOptions {
  /** Length of each measured phase. */
  readonly seconds: number;
  readonly sections: ReadonlySet<Section>;
}

const DEFAULT_SECONDS = 8;
const MAX_SECONDS = 600;

/**
 * Reads `BENCH_SECONDS` and `BENCH_ONLY` (a list such as `get,list`).
 *
 * @throws Error with a message for people if a value is invalid
 */
export function readOptions(environment: NodeJS.ProcessEnv): BenchOptions {
  const seconds = Number(environment['BENCH_SECONDS'] || DEFAULT_SECONDS);
  if (!(seconds >= 1 && seconds <= MAX_SECONDS)) {
    throw new Error(`BENCH_SECONDS must be a number from 1 to ${MAX_SECONDS}`);
  }
  const names = (environment['BENCH_ONLY'] ?? '').split(',').map((name) => name.trim());
  const wanted = names.filter((name) => name !== '');
  const sections = SECTIONS.filter((section) => wanted.length === 0 || wanted.includes(section));
  if (wanted.some((name) => !SECTIONS.some((section) => section === name))) {
    throw new Error(`BENCH_ONLY must be a list of: ${SECTIONS.join(', ')}`);
  }
  return { seconds, sections: new Set(sections) };
}
