import { Global, Inject, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppConfig } from '../config/config.js';
import { ActiveUsers } from './active-users.js';
import { Metrics } from './metrics.js';
import { serviceVersion } from './version.js';

/** {@link Metrics}, or `undefined` where nobody asks for metrics: then nothing is counted, and counting costs nothing. */
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
