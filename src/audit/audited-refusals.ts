import { Injectable, Optional } from '@nestjs/common';
import { type Refusal, RefusalObserver } from '../common/http/problems/refusal-observer.js';
import { currentRequest } from '../common/request-context.js';
import { Metrics } from '../metrics/metrics.js';
import { type AuditFields, AuditLog } from './audit-log.js';

/** Writes refusals to the audit log, and counts those of rate limits. */
@Injectable()
export class AuditedRefusals extends RefusalObserver {
  constructor(
    private readonly audit: AuditLog,
    @Optional() private readonly metrics?: Metrics,
  ) {
    super();
  }

  override accessDenied(refusal: Refusal): void {
    this.audit.record('access-denied', ofCaller(refusal));
  }

  override rateLimited(refusal: Refusal): void {
    this.audit.record('rate-limited', ofCaller(refusal));
    this.metrics?.limitRefusal(refusal.reason);
  }
}

function ofCaller({ reason, ...rest }: Refusal): AuditFields {
  const userId = currentRequest()?.userId;
  return { reason, ...(userId !== undefined && { user_id: userId }), ...rest };
}
