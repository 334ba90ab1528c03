import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '../common/logging/logger.js';
import { DatabaseTime, runInRequest } from '../common/request-context.js';
import type { Metrics } from '../metrics/metrics.js';
import { AuditLog } from './audit-log.js';
import { AuditedRefusals } from './audited-refusals.js';

const CONTEXT = { requestId: 'r-1', address: '192.0.2.7', userId: 'u-1' };
const ROUTE = '/api/:thing';

describe('AuditedRefusals', () => {
  const info = jest.fn<Logger['info']>();
  const limitRefusal = jest.fn<Metrics['limitRefusal']>();
  const refusals = new AuditedRefusals(new AuditLog({ info } as unknown as Logger), {
    limitRefusal,
  } as unknown as Metrics);

  it.each([
    ['accessDenied', 'access-denied', 'not-owner', 0],
    ['rateLimited', 'rate-limited', 'login', 1],
  ] as const)(
    'writes %s to the audit trail with who was refused, and where',
    (kind, audit, reason, counted) => {
      jest.clearAllMocks();
      runInRequest({ ...CONTEXT, databaseTime: new DatabaseTime() }, () =>
        refusals[kind]({ reason, route: ROUTE }),
      );
      const line = { audit, address: '192.0.2.7', reason, user_id: 'u-1', route: ROUTE };
      expect(info.mock.calls).toEqual([[line, 'audit']]);
      expect(limitRefusal.mock.calls).toEqual(Array(counted).fill([reason]));
    },
  );

  it('names no user and no route where there are none', () => {
    jest.clearAllMocks();
    refusals.accessDenied({ reason: 'invalid-token' });
    expect(info.mock.calls).toEqual([[{ audit: 'access-denied', reason: 'invalid-token' }, 'audit']]);
  });
});
