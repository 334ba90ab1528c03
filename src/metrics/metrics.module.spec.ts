import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { AppConfig } from '../config/config.js';
import type { Metrics } from './metrics.js';
import { MetricsModule } from './metrics.module.js';

const MINUTE_MS = 60_000;

describe('MetricsModule', () => {
  const flush = jest.fn<Metrics['flush']>();
  const close = jest.fn<Metrics['close']>();
  const metrics = { flush, close } as unknown as Metrics;
  const moduleOf = (config: Partial<AppConfig>) => new MetricsModule(config as AppConfig, metrics);

  beforeEach(() => {
    jest.useFakeTimers();
    jest.resetAllMocks();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('writes once a minute until the application ends', () => {
    const module = moduleOf({ emf: { service: 'api' }, serverless: false });
    module.onApplicationBootstrap();
    jest.advanceTimersByTime(3 * MINUTE_MS);
    expect(flush).toHaveBeenCalledTimes(3);
    module.onApplicationShutdown();
    expect(close).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(3 * MINUTE_MS);
    expect(flush).toHaveBeenCalledTimes(3);
  });

  it.each([
    ['that are frozen between requests', { emf: { service: 'api' }, serverless: true }],
    ['whose metrics are fetched', { metricsPort: 9464, serverless: false }],
  ])('has no timer in processes %s', (_which, config) => {
    const module = moduleOf(config);
    module.onApplicationBootstrap();
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(3 * MINUTE_MS);
    expect(flush).not.toHaveBeenCalled();
    module.onApplicationShutdown();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
