import { CircuitOpenError } from '../common/circuit-breaker.js';
import { DeploymentError, temporarilyUnavailable } from '../common/errors/domain-errors.js';
import { isTransportFailure } from '../common/transport-failures.js';

/** `Retry-After` of an object store outage; seconds. */
const RETRY_AFTER_SECONDS = 2;

/** The answer was not from S3: a proxy answered 200 without the members of an S3 response. */
export class ForeignAnswerError extends Error {
  constructor() {
    super('An answer that S3 does not give');
    this.name = 'ForeignAnswerError';
  }
}

/** Some objects of a batch could not be deleted. */
export class KeptObjectsError extends Error {
  /** @param codes of S3, if it returned any */
  constructor(count: number, codes: ReadonlySet<string>) {
    super(`${count} objects were not deleted${codes.size > 0 ? `: ${[...codes].join(', ')}` : ''}`);
    this.name = 'KeptObjectsError';
  }
}

const MISSING = 'the bucket is missing: correct AWS_S3_BUCKET_NAME or S3_ENDPOINT, or make the bucket';
const REFUSED =
  'S3 refuses the service access: its role lacks what ServicePolicy in ops/cloudformation.json allows, or the use of the KMS key';
const UNKNOWN_KEY =
  'S3 does not know the access key, or finds its signature wrong: check the role, the keys and the clock';
const OTHER_REGION = 'the bucket is in another region: correct REGION_NAME';

/** Problems of the deployment, by the error codes of S3, and how to fix them. */
const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: MISSING,
  // For a bucket: a missing object does not throw it.
  NotFound: MISSING,
  InvalidBucketName: MISSING,
  AccessDenied: REFUSED,
  AllAccessDisabled: REFUSED,
  AccountProblem: REFUSED,
  InvalidAccessKeyId: UNKNOWN_KEY,
  SignatureDoesNotMatch: UNKNOWN_KEY,
  InvalidToken: UNKNOWN_KEY,
  RequestTimeTooSkewed: UNKNOWN_KEY,
  PermanentRedirect: OTHER_REGION,
  AuthorizationHeaderMalformed: OTHER_REGION,
  IllegalLocationConstraintException: OTHER_REGION,
};

/** The same by status, for responses without a body: those to HEAD. */
const REMEDIES_BY_STATUS: Readonly<Record<number, string>> = {
  301: OTHER_REGION,
  403: `${REFUSED}; or the access key is wrong`,
};

/**
 * Every error of S3 is an outage for clients: a refusal, a missing bucket and a wrong region are faults of the
 * deployment ({@link DeploymentError}), which a client cannot fix. Errors that are not from S3 are not changed.
 */
export function translateStorageError(error: unknown): unknown {
  const cause = { cause: error };
  if (error instanceof ForeignAnswerError || error instanceof KeptObjectsError)
    return temporarilyUnavailable(RETRY_AFTER_SECONDS, cause);
  if (error instanceof CircuitOpenError || isTransportFailure(error))
    return temporarilyUnavailable(RETRY_AFTER_SECONDS, cause);
  if (!(error instanceof Error && '$metadata' in error)) return error;
  const { httpStatusCode = 0 } = error.$metadata as { httpStatusCode?: number };
  const remedy = REMEDIES[error.name] ?? REMEDIES_BY_STATUS[httpStatusCode];
  return remedy === undefined
    ? temporarilyUnavailable(RETRY_AFTER_SECONDS, cause)
    : new DeploymentError(remedy, RETRY_AFTER_SECONDS, cause);
}
