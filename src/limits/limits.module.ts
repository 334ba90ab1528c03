import { Global, Module } from '@nestjs/common';
import { CostlyReads } from './costly-reads.js';
import { LimitsService } from './limits.service.js';

@Global()
@Module({
  providers: [CostlyReads, LimitsService],
  exports: [CostlyReads, LimitsService],
})
export class LimitsModule {}
