import { UnavailableError } from '../common/errors/domain-errors.js';

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
  // Credentials that are being rotated, or a metadata service that does not answer.
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  // The transport's own.
  'TimeoutError',
  'RequestTimeout',
  'AbortError',
]);

/** Of the system and of undici, not those by which Node tells programming errors (`ERR_INVALID_ARG_TYPE`). */
const NETWORK_CODE = /^(?!ERR_)(E[A-Z_]+|UND_ERR_\w+)$/;

/**
 * The one place that reads errors of AWS. What means "cannot serve now" becomes {@link UnavailableError}; everything
 * else stays as it is: a failed condition for the repository that set it, the rest for the log and a 500.
 */
export function translateDatabaseError(error: unknown): unknown {
  return isPassing(error)
    ? new UnavailableError('The service is temporarily unavailable', RETRY_AFTER_SECONDS, { cause: error })
    : error;
}

/** Whether the database could not serve, as opposed to having answered. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (PASSING.has(error.name) || error instanceof DeadlineError || error instanceof NoAnswerError)
    return true;
  if (error.name === 'TransactionCanceledException') {
    const codes = cancellationCodes(error);
    return !codes.includes('ConditionalCheckFailed') && codes.some((code) => PASSING_REASONS.has(code));
  }
  const { code, $metadata, $response } = error as Error & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return true;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  // An answer that is no DynamoDB answer (a proxy's page, a body cut short) fails in the parser with its own status.
  return status !== undefined && (status >= 500 || (error instanceof SyntaxError && status < 400));
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

/** The database did not answer within the time that the request had for it. */
export class DeadlineError extends Error {
  constructor(milliseconds: number) {
    super(`No answer from the database within ${Math.round(milliseconds)} ms`);
    this.name = 'DeadlineError';
  }
}
