import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link SignInDecidedBy}. */
export const SIGN_IN_DECISION = 'signInDecision';

/**
 * What checks that the sign-in of a request has not ended, after the guard has verified its token:
 *
 * - `tables`: account and session are read consistently before the handler runs, and an account that is being deleted
 *   is a 409. For routes that write to tables of a module, and for routes that sign an upload.
 * - `write`: the service, by the condition of its write or by its own read. For writes to the account's row or to
 *   sessions.
 * - `cache`: no further check. For reads only: an ended sign-in may read for the lifetime of the session cache.
 */
export type SignInDecision = 'tables' | 'write' | 'cache';

/**
 * Sets the check. The safe default is the cache for `GET` and `HEAD` and the tables for everything else. A test lists
 * the routes that use this decorator.
 */
export const SignInDecidedBy = (decision: SignInDecision) => SetMetadata(SIGN_IN_DECISION, decision);
