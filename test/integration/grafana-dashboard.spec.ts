import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { ActiveUsers } from '../../src/metrics/active-users.js';
import { PrometheusMetrics } from '../../src/metrics/prometheus-metrics.js';

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

/** What PromQL makes of a histogram. */
const SUFFIX = /_(bucket|sum|count)$/;

/** Words of an expression that can be names of metrics: not functions, not labels, nothing in quotation marks. */
function metricsIn(expression: string): string[] {
  const bare = expression.replace(/\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z]+(?:_[a-z0-9]+)+\b/g)]
    .map(([name]) => name)
    .filter((name) => name !== 'histogram_quantile');
}

describe('the dashboard', () => {
  it('shows only numbers that there are', async () => {
    const file = new URL('../../ops/grafana-dashboard.json', import.meta.url);
    const { panels } = JSON.parse(await readFile(file, 'utf8')) as { panels: Panel[] };
    const metrics = new PrometheusMetrics(new ActiveUsers(undefined), { version: '0', node: '0' });
    metrics.watch('password_hash_queue_depth', 'As the hasher names it', () => 0);
    const known = new Set((await metrics.registry.getMetricsAsJSON()).map(({ name }) => name));
    metrics.registry.clear();

    const shown = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr)));
    expect(shown.length).toBeGreaterThan(15);
    const unknown = shown.filter((name) => !known.has(name) && !known.has(name.replace(SUFFIX, '')));
    expect(unknown).toEqual([]);
  });
});
