import { DomainError } from './errors/domain-errors.js';

/** How one of many things ended. */
export type Outcome<T> = T | DomainError;

/** What `work` gives, or the domain error it ends with; a defect is thrown on. */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** Whether a thing went well. Type guard for `filter`. */
export function isSuccess<T>(outcome: Outcome<T> | undefined): outcome is T {
  return outcome !== undefined && !(outcome instanceof DomainError);
}
