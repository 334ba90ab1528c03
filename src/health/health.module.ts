import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { DatabaseHealthIndicator } from './database.health-indicator.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { Lifecycle } from './lifecycle.js';

@Module({
  imports: [
    // The indicator logs what failed and why. Terminus would log a second line with less.
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController],
  providers: [HealthService, DatabaseHealthIndicator, Lifecycle],
})
export class HealthModule {}
