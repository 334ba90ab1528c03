/** One thing that is wrong with one field of a request. Never carries the submitted value. */
export interface FieldError {
  /** Name as on the wire, with a path for nested fields (`items.0.s3_key`). */
  readonly field: string;
  readonly message: string;
}

/**
 * What services and repositories throw. They know no HTTP; `ProblemFilter` gives each class its status. The message
 * is one sentence without a full stop and is shown to the client.
 */
export abstract class DomainError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request is understood and its content is not acceptable. */
export class ValidationError extends DomainError {
  constructor(readonly errors: readonly [FieldError, ...FieldError[]]) {
    super(errors[0].message);
  }
}

/** Nobody is signed in. */
export class NotAuthenticatedError extends DomainError {
  constructor() {
    super('Not authenticated');
  }
}

/** A bearer token was sent and cannot be accepted. The client is not told why. */
export class InvalidTokenError extends DomainError {
  constructor() {
    super('Token is invalid or expired');
  }
}

/** The email is unknown or the password is wrong; which of the two is not told. */
export class InvalidCredentialsError extends DomainError {
  constructor() {
    super('Invalid email or password');
  }
}

/** The thing exists and belongs to somebody else. */
export class AccessDeniedError extends DomainError {
  constructor() {
    super('Access denied');
  }
}

/** The user has as much as one may have. */
export class QuotaExceededError extends DomainError {}

/** There is no such thing. */
export class NotFoundError extends DomainError {}

/** The state of the thing does not allow the request. */
export class ConflictError extends DomainError {}

/** The thing is no longer as the client saw it (`If-Match`). */
export class PreconditionFailedError extends DomainError {
  constructor() {
    super('The record was changed meanwhile');
  }
}

/** An idempotency key came a second time, with other content. */
export class IdempotencyKeyReusedError extends DomainError {
  constructor() {
    super('The idempotency key was used before with different content');
  }
}

/** This deployment has no part that could serve the request. */
export class NotConfiguredError extends DomainError {}

/** What a client is told of a limit (draft-ietf-httpapi-ratelimit-headers). */
export interface LimitState {
  readonly policy: string;
  /** Requests in a window. */
  readonly quota: number;
  /** The window, in seconds. */
  readonly windowSeconds: number;
  /** Requests counted in it. */
  readonly consumed: number;
  /** Requests left in it. */
  readonly remaining: number;
  /** Until it starts anew, in seconds. */
  readonly resetSeconds: number;
}

/** A limit is reached. */
export class TooManyRequestsError extends DomainError {
  constructor(readonly limit: LimitState) {
    super('Too many requests');
  }
}

/** A signed-in user gave a wrong password to something that asks for it. */
export class WrongPasswordError extends DomainError {
  constructor() {
    super('Current password is incorrect');
  }
}

/** Something the request needs cannot serve now; the same request may work later. */
export class UnavailableError extends DomainError {
  constructor(
    message: string,
    /** When to try again, in seconds. */
    readonly retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The same where repeating helps nothing until somebody mends the deployment: what the request needs is missing, refuses
 * the service, or is not where the configuration says.
 */
export class DeploymentError extends UnavailableError {
  constructor(
    /** What is wrong and what to do, for the log. Clients are told what they are told of every outage. */
    readonly remedy: string,
    retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(TEMPORARILY_UNAVAILABLE, retryAfterSeconds, options);
  }
}

const TEMPORARILY_UNAVAILABLE = 'The service is temporarily unavailable';

/**
 * Says that DynamoDB or S3 cannot serve now; which of them is nothing for clients.
 *
 * @param options.cause for the log
 */
export function temporarilyUnavailable(retryAfterSeconds: number, options?: ErrorOptions): UnavailableError {
  return new UnavailableError(TEMPORARILY_UNAVAILABLE, retryAfterSeconds, options);
}
