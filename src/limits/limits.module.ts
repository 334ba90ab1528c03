import { Global, Module } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Logger } from '../common/logging/logger.js';
import { AppConfig } from '../config/config.js';
import { LimitsService } from './limits.service.js';
import { createRedis } from './redis.js';

@Global()
@Module({
  providers: [
    {
      provide: Redis,
      inject: [AppConfig, Logger],
      useFactory: ({ limits }: AppConfig, logger: Logger) =>
        limits.enabled && limits.redisUrl ? createRedis(limits.redisUrl, logger) : undefined,
    },
    LimitsService,
  ],
  exports: [LimitsService],
})
export class LimitsModule {}
