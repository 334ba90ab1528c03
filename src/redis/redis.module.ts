import { Global, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Logger } from '../common/logging/logger.js';
import { AppConfig } from '../config/config.js';
import { createRedis } from './redis.js';

/**
 * Provides the Redis client, or `undefined` without Redis. Nothing depends on it for correctness, see `createRedis`.
 */
@Global()
@Module({
  providers: [
    {
      provide: Redis,
      inject: [AppConfig, Logger],
      // Deployments with the same tables are the same deployment.
      useFactory: ({ redisUrl, tables, aws }: AppConfig, logger: Logger) =>
        redisUrl === undefined
          ? undefined
          : createRedis(redisUrl, logger, `${aws.region}:${tables.audioFiles}:`),
    },
  ],
  exports: [Redis],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Optional() private readonly redis?: Redis) {}

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}
