import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics } from '../../src/metrics/metrics.js';
import type { PrometheusMetrics } from '../../src/metrics/prometheus-metrics.js';
import type { TestApp } from './test-app.js';

/** One sample of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** All current samples. */
export async function samplesOf({ app }: TestApp): Promise<Sample[]> {
  const text = await app.get<PrometheusMetrics>(Metrics).registry.metrics();
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}

/** The sum of the samples that have all these labels. */
export function sum(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((total, { value }) => total + value, 0);
}

/** Requests in progress. */
export const inFlight = (samples: readonly Sample[]) => sum(samples, 'http_requests_in_flight');

/** The samples when every request has been counted: a client has its response slightly earlier. */
export async function settled(app: TestApp): Promise<Sample[]> {
  for (const end = performance.now() + 5000; performance.now() < end; await sleep(5)) {
    const samples = await samplesOf(app);
    if (inFlight(samples) === 0) return samples;
  }
  throw new Error('There are still requests in flight');
}

/** The difference that `work` makes. */
export async function added(
  app: TestApp,
  work: () => PromiseLike<unknown>,
): Promise<(name: string, labels?: Record<string, string>) => number> {
  const before = await settled(app);
  await work();
  const after = await settled(app);
  return (name, labels = {}) => sum(after, name, labels) - sum(before, name, labels);
}
