import { CircuitOpenError } from '../common/circuit-breaker.js';
import { DeploymentError, temporarilyUnavailable, UnavailableError } from '../common/errors/domain-errors.js';
import { isTransportFailure } from '../common/transport-failures.js';

/** `Retry-After` of a database outage; seconds. */
const RETRY_AFTER_SECONDS = 1;

/** AWS error names for temporary failures: throttling, capacity, conflicts with other writers, faults at AWS. */
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

/** Problems of the deployment, by the error names of DynamoDB, and how to fix them. */
const REMEDIES: readonly (readonly [remedy: string, names: readonly string[]])[] = [
  [
    'a table is missing: run npm run tables, or correct its name or REGION_NAME',
    ['ResourceNotFoundException', 'TableNotFoundException', 'ResourceNotFound'],
  ],
  [
    'DynamoDB refuses the service access: its role lacks what ServicePolicy in ops/cloudformation.json allows',
    ['AccessDeniedException', 'AccessDenied', 'OptInRequired', 'SubscriptionRequiredException'],
  ],
  [
    'DynamoDB does not know the access key, or finds its signature wrong: check the role, the keys and the clock',
    [
      ...['UnrecognizedClientException', 'InvalidClientTokenId', 'MissingAuthenticationTokenException'],
      ...['InvalidSignatureException', 'IncompleteSignatureException', 'SignatureDoesNotMatch'],
      ...['RequestTimeTooSkewed', 'RequestExpired'],
    ],
  ],
];
const OTHER_TABLE = 'a table is not as the service needs it: npm run tables tells what differs';

/** Messages of DynamoDB and DynamoDB Local for a table with this name but other keys, or without an index. */
const OTHER_TABLE_WORDS =
  /does not have the specified index|does not match the schema|One of the required keys was not given a value/;

/**
 * Translates all errors of DynamoDB. A temporary failure becomes {@link UnavailableError}, or {@link DeploymentError}
 * if retries do not help. All other errors are not changed: a failed condition is for the repository that set it, the
 * rest for the log and a 500.
 */
export function translateDatabaseError(error: unknown): unknown {
  const remedy = remedyFor(error);
  if (remedy !== undefined) return new DeploymentError(remedy, RETRY_AFTER_SECONDS, { cause: error });
  return isPassing(error) ? temporarilyUnavailable(RETRY_AFTER_SECONDS, { cause: error }) : error;
}

const THROTTLING = /Throttl|Throughput|RequestLimitExceeded/;

/** Whether DynamoDB had no capacity for a call, by its error, translated or not. */
export function isThrottled(error: unknown): boolean {
  const cause = error instanceof UnavailableError ? error.cause : error;
  return cause instanceof Error && THROTTLING.test(cause.name);
}

function remedyFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const names = [error.name, ...cancellationCodes(error)];
  if (names.includes('ValidationException') && OTHER_TABLE_WORDS.test(error.message)) return OTHER_TABLE;
  return REMEDIES.find(([, known]) => known.some((name) => names.includes(name)))?.[0];
}

/** Whether the database was unavailable, as opposed to having answered. */
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

/** Why each part of a transaction was refused, in order; `None` for a part that was not. */
export function cancellationCodes(error: unknown): string[] {
  if (!(error instanceof Error) || error.name !== 'TransactionCanceledException') return [];
  const reasons = (error as { CancellationReasons?: { Code?: string }[] }).CancellationReasons ?? [];
  return reasons.map(({ Code }) => Code ?? 'None');
}

/** DynamoDB left items of a batch unprocessed after all retries. */
export class UnprocessedError extends Error {
  constructor() {
    super('DynamoDB keeps leaving a part of the batch undone, as it does when it throttles');
    this.name = 'UnprocessedError';
  }
}

/** The answer was not from DynamoDB. */
export class NoAnswerError extends Error {
  constructor() {
    super('An answer without a request id: not from DynamoDB');
    this.name = 'NoAnswerError';
  }
}
