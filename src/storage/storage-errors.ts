import { CircuitOpenError } from '../common/circuit-breaker.js';
import { temporarilyUnavailable } from '../common/errors/domain-errors.js';
import { isTransportFailure } from '../common/transport-failures.js';

/** When a client may try again after the object store failed it; seconds. */
export const RETRY_AFTER_SECONDS = 2;

/** What answered was not S3: something in between said 200, and nothing that S3 says with it. */
export class ForeignAnswerError extends Error {
  constructor() {
    super('An answer that S3 does not give');
    this.name = 'ForeignAnswerError';
  }
}

/**
 * S3 answers what the service asks of it, or it cannot serve: a refusal, a bucket that is not there and a wrong region
 * are faults of the deployment, which the client can only wait out. Errors that are not from S3 stay as they are.
 */
export function translateStorageError(error: unknown): unknown {
  const answered = error instanceof ForeignAnswerError || (error instanceof Error && '$metadata' in error);
  return answered || error instanceof CircuitOpenError || isTransportFailure(error)
    ? temporarilyUnavailable(RETRY_AFTER_SECONDS, { cause: error })
    : error;
}
