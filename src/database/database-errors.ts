import { CircuitOpenError } from '../common/circuit-breaker.js';
import { temporarilyUnavailable } from '../common/errors/domain-errors.js';
import { isTransportFailure } from '../common/transport-failures.js';

/** When a client may try again after the database failed it; seconds. */
const RETRY_AFTER_SECONDS = 1;

/** AWS error names that mean "not now": throttling, capacity, conflicts with other writers, faults on their side. */
const PASSING = new Set([
  'ThrottlingException',
  'Throttling',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
  'InternalServerError',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
]);

/**
 * The one place that reads errors of AWS. What means "cannot serve now" becomes {@link UnavailableError}; everything
 * else stays as it is: a failed condition for the repository that set it, the rest for the log and a 500.
 */
export function translateDatabaseError(error: unknown): unknown {
  return isPassing(error) ? temporarilyUnavailable(RETRY_AFTER_SECONDS, { cause: error }) : error;
}

/** Whether the database could not serve, as opposed to having answered. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (PASSING.has(error.name) || error instanceof NoAnswerError || error instanceof CircuitOpenError)
    return true;
  if (error.name === 'TransactionCanceledException') {
    const codes = cancellationCodes(error);
    return !codes.includes('ConditionalCheckFailed') && codes.some((code) => PASSING_REASONS.has(code));
  }
  return isTransportFailure(error);
}

const PASSING_REASONS = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

/** Why each part of a transaction was refused, in its order; `None` for a part that was fine. */
export function cancellationCodes(error: unknown): string[] {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return [];
  const reasons = (error as { CancellationReasons?: { Code?: string }[] }).CancellationReasons ?? [];
  return reasons.map(({ Code }) => Code ?? 'None');
}

/** What answered was not DynamoDB. */
export class NoAnswerError extends Error {
  constructor() {
    super('An answer without a request id: not from DynamoDB');
    this.name = 'NoAnswerError';
  }
}
