import { PreconditionFailedError, ValidationError } from '../../errors/domain-errors.js';

const ENTITY_TAGS =
  /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;

/**
 * Evaluates `If-Match` (RFC 9110 §13.1.1).
 *
 * @param header the header of the request
 * @param current entity tag of what there is, with its quotation marks
 * @returns whether the client has seen exactly this; false where it does not care
 * @throws PreconditionFailedError where it has seen something else
 * @throws ValidationError where the header is none
 */
export function wasSeen(header: string | undefined, current: string): boolean {
  if (header === undefined || header.trim() === '*') return false;
  if (!ENTITY_TAGS.test(header)) {
    throw new ValidationError([
      { field: 'If-Match', message: 'If-Match must be entity tags in quotation marks, or *' },
    ]);
  }
  // A weak tag never matches here.
  if (!header.split(',').some((tag) => tag.trim() === current)) throw new PreconditionFailedError();
  return true;
}
