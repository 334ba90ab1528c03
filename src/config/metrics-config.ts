import type { AppConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';
import { readHost } from './network-config.js';

/** The name of a service that has no function name. */
const SERVICE = 'decision-data-backend';

type MetricsConfig = Pick<AppConfig, 'emf' | 'metricsHost' | 'metricsPort'>;

/**
 * Where metrics go: to CloudWatch, to Prometheus (which only the local machine can reach by default) or nowhere. Not to
 * both, because each request would be counted and paid for twice.
 */
export function readMetrics(env: EnvironmentReader): MetricsConfig {
  const metricsHost = readHost(env, 'METRICS_HOST', '127.0.0.1');
  const hasPort = env.optional('METRICS_PORT') !== undefined;
  const metricsPort = env.integer('METRICS_PORT', { default: 0, min: 0, max: 65_535 });
  if (env.oneOf<'emf' | 'off'>('METRICS', ['emf'], 'off') === 'off') {
    return { metricsHost, ...(hasPort && { metricsPort }) };
  }
  if (hasPort) env.problem('METRICS_PORT', 'unset where METRICS is emf');
  return { metricsHost, emf: { service: env.optional('AWS_LAMBDA_FUNCTION_NAME') ?? SERVICE } };
}
