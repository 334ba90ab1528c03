import { Injectable, Optional } from '@nestjs/common';
import { Logger } from '../common/logging/logger.js';
import { currentRequest } from '../common/request-context.js';
import { type Activity, Metrics } from '../metrics/metrics.js';

/** Events of the audit log. */
export type AuditEvent =
  | 'register'
  | 'login'
  | 'login-failed'
  | 'logout'
  | 'token-renewed'
  | 'session-revoked'
  | 'other-sessions-revoked'
  | 'password-changed'
  | 'password-change-failed'
  | 'account-deleted'
  | 'account-deletion-failed'
  | 'access-denied'
  | 'rate-limited';

/** Events that are also counted in the metrics. */
const ACTIVITIES: Partial<Record<AuditEvent, Activity>> = {
  register: 'registration',
  login: 'login',
  'account-deleted': 'account-deleted',
};

export interface AuditFields {
  readonly user_id?: string;
  /** Pseudonym for an email, see `PasswordsService.subject`. */
  readonly subject?: string;
  /** Class of the cause of a failure. */
  readonly reason?: string;
  readonly session_id?: string;
  readonly route?: string;
}

/**
 * The log of security events: one structured line each, with request id and client address, at `info`. JSON escapes
 * line breaks, so that no value can forge a line. Never contains a password, a token or an email.
 */
@Injectable()
export class AuditLog {
  constructor(
    private readonly logger: Logger,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  record(event: AuditEvent, fields: AuditFields): void {
    const request = currentRequest();
    const activity = ACTIVITIES[event];
    if (activity) this.metrics?.activity(activity);
    this.logger.info({ audit: event, address: request?.address, ...fields }, 'audit');
  }
}
