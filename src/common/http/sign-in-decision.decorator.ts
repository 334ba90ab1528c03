import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link SignInDecidedBy}. */
export const SIGN_IN_DECISION = 'signInDecision';

/**
 * What decides that the sign-in of a request has not ended, besides the guard that reads its token:
 *
 * - `tables`: account and session are read consistently before the handler runs, and an account that is being deleted is
 *   a 409. For whatever writes to tables of a module, and for whatever signs an upload.
 * - `write`: the service, by the condition of its write or a read of its own. For what writes to the account's row or to
 *   sessions.
 * - `cache`: nothing more. For what only reads: an ended sign-in may read for the lifetime of the session cache.
 */
export type SignInDecision = 'tables' | 'write' | 'cache';

/**
 * Says what decides. Without it, safe by default, a `GET` or `HEAD` is decided by the cache and everything else by the
 * tables; a test lists the routes that carry it.
 */
export const SignInDecidedBy = (decision: SignInDecision) => SetMetadata(SIGN_IN_DECISION, decision);
