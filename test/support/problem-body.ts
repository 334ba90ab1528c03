import { STATUS_CODES } from 'node:http';
import { expect } from '@jest/globals';
import type { FieldError } from '../../src/common/errors/domain-errors.js';

/** The whole body of a problem as in the contract, for `toEqual`; `errors` only if given. */
export function problemBody(
  status: number,
  detail: string,
  instance: string,
  errors?: readonly FieldError[],
): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail,
    instance,
    request_id: expect.stringMatching(/^[\w.:-]{1,128}$/),
    ...(errors && { errors }),
  };
}

/** Media type of every problem, as a header. */
export const PROBLEM_TYPE = /^application\/problem\+json(;|$)/;
