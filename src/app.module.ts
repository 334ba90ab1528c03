import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AccountModule } from './account/account.module.js';
import { AudioFilesModule } from './audio-files/audio-files.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { JwtAuthGuard } from './auth/jwt-auth.guard.js';
import { FallbackRoutes } from './common/http/problems/fallback-routes.js';
import { OverloadGuard } from './common/http/admission/overload.js';
import { ProblemFilter } from './common/http/problems/problem.filter.js';
import type { Logger } from './common/logging/logger.js';
import { LoggingModule } from './common/logging/logging.module.js';
import { RequestValidationPipe } from './common/validation/validation.pipe.js';
import type { AppConfig } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { CostlyReadGuard } from './limits/costly-read.guard.js';
import { LimitsModule } from './limits/limits.module.js';
import { RateLimitGuard } from './limits/rate-limit.guard.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { RedisModule } from './redis/redis.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { SignInGuard } from './sessions/sign-in.guard.js';
import { StorageModule } from './storage/storage.module.js';

@Module({})
export class AppModule {
  static register(config: AppConfig, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(config),
        LoggingModule.register(logger),
        RedisModule,
        MetricsModule,
        DatabaseModule,
        StorageModule,
        LimitsModule,
        AuditModule,
        AuthModule,
        SessionsModule,
        AccountModule,
        AudioFilesModule,
        HealthModule,
      ],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        // In this order: authentication, rate limits, and whether the sign-in still exists in the tables.
        { provide: APP_GUARD, useExisting: JwtAuthGuard },
        { provide: APP_GUARD, useExisting: RateLimitGuard },
        { provide: APP_GUARD, useExisting: CostlyReadGuard },
        { provide: APP_GUARD, useExisting: SignInGuard },
        { provide: APP_PIPE, useClass: RequestValidationPipe },
        FallbackRoutes,
        { provide: OverloadGuard, useFactory: () => new OverloadGuard(config.overload) },
      ],
    };
  }
}
