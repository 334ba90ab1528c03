import { DeadlineError } from './deadline.js';

/** Names of errors that mean that there was no answer, from any dependency. */
const FAILURES = new Set([
  // Credentials are being rotated, or a metadata service does not answer.
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  // Errors of the transport.
  'TimeoutError',
  'RequestTimeout',
  'AbortError',
]);

/** Codes of the system and of undici, but not Node's codes for programming errors (`ERR_INVALID_ARG_TYPE`). */
const NETWORK_CODE = /^(?!ERR_)(E[A-Z_]+|UND_ERR_\w+)$/;

/**
 * Whether an error means that a dependency did not answer; `undefined` if this cannot be decided, because the event
 * loop was blocked or the call had too little time.
 *
 * @param fullMs time that a call should have
 */
export function meansNoAnswer(error: unknown, fullMs: number): boolean | undefined {
  if (error instanceof DeadlineError && error.isOwnDoing(fullMs)) return undefined;
  return isTransportFailure(error);
}

/** Whether a call to AWS failed in the network or at AWS, as opposed to having been answered. */
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
  // A response that is not from AWS (an HTML page of a proxy, a truncated body) fails in the parser with its own
  // status.
  return status !== undefined && (status >= 500 || (error instanceof SyntaxError && status < 400));
}
