import { PreconditionFailedError, ValidationError } from '../../errors/domain-errors.js';

const ENTITY_TAGS =
  /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;

/**
 * Evaluates `If-Match` (RFC 9110 §13.1.1).
 *
 * @param header the header of the request
 * @param current entity tag of the resource, with its quotation marks
 * @returns whether the client has seen exactly this state; false if it sets no condition
 * @throws PreconditionFailedError if it has seen another state
 * @throws ValidationError if the header is not valid
 */
export function wasSeen(header: string | undefined, current: string): boolean {
  if (header === undefined || header.trim() === '*') return false;
  if (!ENTITY_TAGS.test(header)) {
    throw new ValidationError([
      { field: 'If-Match', message: 'If-Match must be entity tags in quotation marks, or *' },
    ]);
  }
  // Weak tags never match here.
  if (!header.split(',').some((tag) => tag.trim() === current)) throw new PreconditionFailedError();
  return true;
}
