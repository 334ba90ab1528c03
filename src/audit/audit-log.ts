import { Injectable } from '@nestjs/common';
import { Logger } from '../common/logging/logger.js';
import { currentRequest } from '../common/request-context.js';

/** What is written down about accounts. */
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

export interface AuditFields {
  readonly user_id?: string;
  /** Stands for an email; see `PasswordsService.subject`. */
  readonly subject?: string;
  /** Class of the reason of a failure. */
  readonly reason?: string;
  readonly session_id?: string;
  readonly route?: string;
}

/**
 * The trail of security events: one structured line each, with request id and client address, at `info`. JSON escapes
 * line breaks, so that no value can forge a line. Never a password, a token or an email.
 */
@Injectable()
export class AuditLog {
  constructor(private readonly logger: Logger) {}

  record(event: AuditEvent, fields: AuditFields): void {
    const request = currentRequest();
    this.logger.info({ audit: event, address: request?.address, ...fields }, 'audit');
  }
}
