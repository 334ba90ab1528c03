import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../common/errors/domain-errors.js';
import { cancellationCodes } from './database-errors.js';

/** How often a transaction that collided with another one is tried again, and the longest pause before a try. */
const CONFLICT_RETRIES = 6;
const CONFLICT_PAUSE_MS = 40;

/**
 * Makes a transaction, and again where it collided with another writer of the same rows: whoever it collided with has
 * done it, or failed too, and the next try tells.
 *
 * @throws UnavailableError where other writers kept it from a decision
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

/** Whether a transaction was refused by one of its conditions. */
export function isConditionFailure(error: unknown): boolean {
  return cancellationCodes(error).includes('ConditionalCheckFailed');
}

function isConflict(error: unknown): boolean {
  return error instanceof UnavailableError && cancellationCodes(error.cause).includes('TransactionConflict');
}
