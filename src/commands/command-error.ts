import { ConfigurationError } from '../config/environment-reader.js';
import { UsageError } from './arguments.js';

/** Class names that add nothing to a message. */
const PLAIN = new Set(['Error', 'TypeError', 'MissingTableError']);

const NO_CREDENTIALS =
  'There are no credentials for AWS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run it where there is a role';

/**
 * An error as text for a terminal, one line for each problem: no stack, no object dump.
 *
 * @param failure what failed, before the colon
 */
export function errorLines(failure: string, error: unknown): readonly string[] {
  if (error instanceof ConfigurationError) return error.problems;
  if (error instanceof UsageError) return [error.message, ...error.usage.split('\n')];
  return [`${failure}: ${describe(error)}`];
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'CredentialsProviderError') return NO_CREDENTIALS;
  // A refused connection has an empty message and a code.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const message = error.message.replace(/\s+/g, ' ').trim();
  if (message === '') return code;
  return PLAIN.has(code) ? message : `${code}: ${message}`;
}
