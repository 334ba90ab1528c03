import {
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '../config/config.js';
import { ActiveUsers } from './active-users.js';
import { EmfMetrics } from './emf/emf-metrics.js';
import { emfOutput } from './emf/emf-output.js';
import { Metrics } from './metrics.js';
import { PrometheusMetrics } from './prometheus-metrics.js';
import { serviceVersion } from './version.js';

/** How often a server writes its metrics: the resolution of CloudWatch metrics. Milliseconds. */
const FLUSH_MS = 60_000;

/** Provides {@link Metrics}, or `undefined` if metrics are off. Then nothing is counted, at no cost. */
@Global()
@Module({
  providers: [
    {
      provide: Metrics,
      inject: [AppConfig, { token: Redis, optional: true }],
      useFactory: createMetrics,
    },
  ],
  exports: [Metrics],
})
export class MetricsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: AppConfig,
    @Optional() @Inject(Metrics) private readonly metrics?: Metrics,
  ) {}

  onApplicationBootstrap(): void {
    // A frozen process has no timers: on Lambda each invocation writes its own metrics.
    if (this.config.emf === undefined || this.config.serverless) return;
    this.timer = setInterval(() => this.metrics?.flush(), FLUSH_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.metrics?.close();
  }
}

function createMetrics({ emf, metricsPort }: AppConfig, redis?: Redis): Metrics | undefined {
  if (emf !== undefined) return new EmfMetrics(emf.service, emfOutput());
  if (metricsPort === undefined) return undefined;
  return new PrometheusMetrics(new ActiveUsers(redis), { version: serviceVersion(), node: process.version });
}
