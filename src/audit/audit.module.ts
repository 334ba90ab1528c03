import { Global, Module } from '@nestjs/common';
import { RefusalObserver } from '../common/http/problems/refusal-observer.js';
import { AuditLog } from './audit-log.js';
import { AuditedRefusals } from './audited-refusals.js';

@Global()
@Module({
  providers: [AuditLog, { provide: RefusalObserver, useClass: AuditedRefusals }],
  exports: [AuditLog, RefusalObserver],
})
export class AuditModule {}
