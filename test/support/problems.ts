import { expect } from '@jest/globals';
import type { FieldError } from '../../src/common/errors/domain-errors.js';
import { problemBody, PROBLEM_TYPE } from './problem-body.js';

/** The parts of a response that show a problem, for any client. */
interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: unknown;
}

interface ExpectedProblem {
  status: number;
  detail: string;
  /** Path of the request. */
  instance: string;
  errors?: readonly FieldError[];
}

/** Compares a whole error: status, media type, body, and that body and header have the same request id. */
export function expectProblem(answer: Answer, { status, detail, instance, errors }: ExpectedProblem): void {
  expect(answer.body).toEqual(problemBody(status, detail, instance, errors));
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(PROBLEM_TYPE);
  expect(answer.headers['x-request-id']).toBe((answer.body as { request_id: string }).request_id);
}
