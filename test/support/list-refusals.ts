import { expect } from '@jest/globals';
import type { Account } from './accounts.js';
import { expectProblem } from './problems.js';
import type { TestApp } from './test-app.js';

const PATH = '/api/user/audio-files';

/** Requests a list, and expects a validation error for this query parameter. */
export async function expectListRefused(
  { http }: Pick<TestApp, 'http'>,
  { authorization }: Pick<Account, 'authorization'>,
  { query, field, message }: { query: string; field: string; message: string },
): Promise<void> {
  const answer = await http.get(`${PATH}?${query}`).set(authorization);
  expectProblem(answer, { status: 400, detail: message, instance: PATH, errors: [{ field, message }] });
  for (const name of ['link', 'x-next-cursor']) expect(answer.headers).not.toHaveProperty(name);
}
