import { DeadlineError } from './deadline.js';

/** Names of errors that say that nothing was answered, whatever was asked. */
const FAILURES = new Set([
  // Credentials that are being rotated, or a metadata service that does not answer.
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  // The transport's own.
  'TimeoutError',
  'RequestTimeout',
  'AbortError',
]);

/** Of the system and of undici, not those by which Node tells programming errors (`ERR_INVALID_ARG_TYPE`). */
const NETWORK_CODE = /^(?!ERR_)(E[A-Z_]+|UND_ERR_\w+)$/;

/**
 * Whether an error means that what was asked did not answer; `undefined` where that cannot be told, since this process did
 * not listen or gave it too little time.
 *
 * @param fullMs what a call should have
 */
export function meansNoAnswer(error: unknown, fullMs: number): boolean | undefined {
  if (error instanceof DeadlineError && error.isOwnDoing(fullMs)) return undefined;
  return isTransportFailure(error);
}

/** Whether a call to AWS failed on the way or on their side, as opposed to having been answered. */
export function isTransportFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (FAILURES.has(error.name) || error instanceof DeadlineError) return true;
  const { code, $metadata, $response } = error as Error & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  if (typeof code === 'string' && NETWORK_CODE.test(code)) return true;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  // An answer that is not from AWS (a proxy's page, a body cut short) fails in the parser with its own status.
  return status !== undefined && (status >= 500 || (error instanceof SyntaxError && status < 400));
}
