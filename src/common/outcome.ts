import { DomainError } from './errors/domain-errors.js';

/** The result of one of many operations. */
export type Outcome<T> = T | DomainError;

/** The result of `work`, or the domain error that it throws. Other errors are rethrown. */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** Whether an operation succeeded. Type guard for `filter`. */
export function isSuccess<T>(outcome: Outcome<T> | undefined): outcome is T {
  return outcome !== undefined && !(outcome instanceof DomainError);
}
