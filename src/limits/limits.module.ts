import { Global, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { CostlyReadGuard } from './costly-read.guard.js';
import { CostlyReads } from './costly-reads.js';
import { LimitsService } from './limits.service.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { LimitsClient, limitsClientProvider, sharedStoreProvider } from './stores/shared-store.provider.js';

@Global()
@Module({
  providers: [
    ...[limitsClientProvider, sharedStoreProvider],
    ...[CostlyReads, LimitsService, RateLimitGuard, CostlyReadGuard],
  ],
  exports: [CostlyReads, LimitsService, RateLimitGuard, CostlyReadGuard],
})
export class LimitsModule implements OnApplicationShutdown {
  constructor(@Optional() private readonly client?: LimitsClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client?.close();
  }
}
