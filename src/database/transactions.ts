import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { cancellationCodes } from './database-errors.js';

/** Retries of a transaction after a conflict, and the maximum pause before a retry. */
const CONFLICT_RETRIES = 6;
const CONFLICT_PAUSE_MS = 40;

/**
 * Runs a transaction, and retries it after a conflict with another writer of the same rows. The other writer has
 * succeeded or failed by then, so a retry gets a definite result.
 *
 * @throws UnavailableError if conflicts prevented a result
 */
export async function retryConflicts<T>(transact: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await transact();
    } catch (error) {
      if (attempt === CONFLICT_RETRIES || !isConflict(error)) throw error;
    }
    await sleep(Math.random() * CONFLICT_PAUSE_MS);
  }
}

/** Whether a transaction was cancelled by one of its conditions. */
export function isConditionFailure(error: unknown): boolean {
  return cancellationCodes(error).includes('ConditionalCheckFailed');
}

function isConflict(error: unknown): boolean {
  return error instanceof UnavailableError && cancellationCodes(error.cause).includes('TransactionConflict');
}
