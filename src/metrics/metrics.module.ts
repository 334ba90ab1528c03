import { Global, Inject, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '../config/config.js';
import { ActiveUsers } from './active-users.js';
import { Metrics } from './metrics.js';
import { serviceVersion } from './version.js';

/** Provides {@link Metrics}, or `undefined` if metrics are off. Then nothing is counted, at no cost. */
@Global()
@Module({
  providers: [
    {
      provide: Metrics,
      inject: [AppConfig, { token: Redis, optional: true }],
      useFactory: ({ metricsPort }: AppConfig, redis?: Redis) =>
        metricsPort === undefined
          ? undefined
          : new Metrics(new ActiveUsers(redis), { version: serviceVersion(), node: process.version }),
    },
  ],
  exports: [Metrics],
})
export class MetricsModule implements OnApplicationShutdown {
  constructor(@Optional() @Inject(Metrics) private readonly metrics?: Metrics) {}

  onApplicationShutdown(): void {
    this.metrics?.registry.clear();
  }
}
