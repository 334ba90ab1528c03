import { Global, Module } from '@nestjs/common';
import { CostlyReadGuard } from './costly-read.guard.js';
import { CostlyReads } from './costly-reads.js';
import { LimitsService } from './limits.service.js';
import { RateLimitGuard } from './rate-limit.guard.js';

@Global()
@Module({
  providers: [CostlyReads, LimitsService, RateLimitGuard, CostlyReadGuard],
  exports: [CostlyReads, LimitsService, RateLimitGuard, CostlyReadGuard],
})
export class LimitsModule {}
