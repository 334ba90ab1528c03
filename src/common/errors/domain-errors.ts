/** A problem with one field of a request. Never contains the submitted value. */
export interface FieldError {
  /** Name as sent by the client, with a path for nested fields (`items.0.s3_key`). */
  readonly field: string;
  readonly message: string;
}

/**
 * Errors of services and repositories. They are independent of HTTP: `ProblemFilter` assigns each class its status. The
 * message is one sentence without a full stop and is shown to the client.
 */
export abstract class DomainError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request is well-formed but its content is not acceptable. */
export class ValidationError extends DomainError {
  constructor(readonly errors: readonly [FieldError, ...FieldError[]]) {
    super(errors[0].message);
  }
}

/** The request has no token. */
export class NotAuthenticatedError extends DomainError {
  constructor() {
    super('Not authenticated');
  }
}

/** The bearer token cannot be accepted. The client does not learn why. */
export class InvalidTokenError extends DomainError {
  constructor() {
    super('Token is invalid or expired');
  }
}

/** The email is unknown or the password is wrong. The client does not learn which. */
export class InvalidCredentialsError extends DomainError {
  constructor() {
    super('Invalid email or password');
  }
}

/** The resource exists and belongs to another user. */
export class AccessDeniedError extends DomainError {
  constructor() {
    super('Access denied');
  }
}

/** The user has reached the quota. */
export class QuotaExceededError extends DomainError {}

/** The resource does not exist. */
export class NotFoundError extends DomainError {}

/** The state of the resource does not allow the request. */
export class ConflictError extends DomainError {}

/** The resource has changed since the client read it (`If-Match`). */
export class PreconditionFailedError extends DomainError {
  constructor() {
    super('The record was changed meanwhile');
  }
}

/** An idempotency key was reused with other content. */
export class IdempotencyKeyReusedError extends DomainError {
  constructor() {
    super('The idempotency key was used before with different content');
  }
}

/** This deployment is not configured to serve the request. */
export class NotConfiguredError extends DomainError {}

/** The state of a limit, as sent to clients (draft-ietf-httpapi-ratelimit-headers). */
export interface LimitState {
  readonly policy: string;
  /** Requests allowed in a window. */
  readonly quota: number;
  /** The window, in seconds. */
  readonly windowSeconds: number;
  /** Requests counted in the window. */
  readonly consumed: number;
  /** Requests left in the window. */
  readonly remaining: number;
  /** Time until the window restarts, in seconds. */
  readonly resetSeconds: number;
}

/** A limit is reached. */
export class TooManyRequestsError extends DomainError {
  constructor(readonly limit: LimitState) {
    super('Too many requests');
  }
}

/** A signed-in user sent a wrong current password. */
export class WrongPasswordError extends DomainError {
  constructor() {
    super('Current password is incorrect');
  }
}

/** A dependency of the request is unavailable. The same request may succeed later. */
export class UnavailableError extends DomainError {
  constructor(
    message: string,
    /** When to retry, in seconds. */
    readonly retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The service is unavailable until an operator fixes the deployment, so that retries do not help: a resource is
 * missing, refuses the service, or is not where the configuration says.
 */
export class DeploymentError extends UnavailableError {
  constructor(
    /** What is wrong and what to do, for the log. Clients get the same answer as for every outage. */
    readonly remedy: string,
    retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(TEMPORARILY_UNAVAILABLE, retryAfterSeconds, options);
  }
}

const TEMPORARILY_UNAVAILABLE = 'The service is temporarily unavailable';

/**
 * The error for DynamoDB or S3 being unavailable. Clients do not learn which.
 *
 * @param options.cause for the log
 */
export function temporarilyUnavailable(retryAfterSeconds: number, options?: ErrorOptions): UnavailableError {
  return new UnavailableError(TEMPORARILY_UNAVAILABLE, retryAfterSeconds, options);
}
