import { randomBytes } from 'node:crypto';
import type { HttpResponse } from './http-response.js';
import type { Front } from './options.js';

/** Where Function URLs and HTTP APIs differ. */
export interface Gateway {
  /** `requestContext.accountId`. */
  readonly accountId: string;
  /** Whether an event without a body has a `content-length` all the same. */
  readonly alwaysHasLength: boolean;
  /** Content type of an answer with a status and without this header. */
  readonly defaultContentType: string;
  /** See `EmulatorOptions`. */
  readonly changesHeaders: boolean;
  /** Largest body that is read, in bytes: what is larger is refused without a look at the event. */
  readonly maxBodyBytes: number;
  /** The path of the event for that of the request. */
  rawPath(path: string): string;
  /** `requestContext.requestId` for that of the invocation. */
  requestId(invocation: string): string;
  /** Headers that the gateway adds to each answer. */
  addedHeaders(ids: { requestId: string; traceId: string }): Record<string, string>;
  tooLarge(): HttpResponse;
  throttled(): HttpResponse;
  /** The function has not answered, or what it answered is no HTTP response. */
  failed(): HttpResponse;
}

/** Function URL with auth type NONE. */
const FUNCTION_URL: Gateway = {
  accountId: 'anonymous',
  alwaysHasLength: false,
  defaultContentType: 'application/json',
  changesHeaders: true,
  maxBodyBytes: 6_291_456,
  rawPath: (path) => path,
  requestId: (invocation) => invocation,
  addedHeaders: ({ requestId, traceId }) => ({ 'x-amzn-RequestId': requestId, 'X-Amzn-Trace-Id': traceId }),
  tooLarge: () =>
    json(
      413,
      { Message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation' },
      { 'x-amzn-ErrorType': 'RequestEntityTooLargeException' },
    ),
  throttled: () =>
    json(
      429,
      {
        Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
        Type: 'User',
        message: 'Rate Exceeded.',
      },
      { 'x-amzn-ErrorType': 'TooManyRequestsException' },
    ),
  failed: () => ({
    status: 502,
    headers: [['Content-Type', 'application/json']],
    body: Buffer.from('Internal Server Error'),
  }),
};

/** HTTP API of API Gateway, stage `$default`. */
const HTTP_API: Gateway = {
  accountId: '123456789012',
  alwaysHasLength: true,
  defaultContentType: 'text/plain; charset=utf-8',
  changesHeaders: true,
  maxBodyBytes: 10_485_760,
  rawPath: decodedPath,
  requestId: () => randomBytes(11).toString('base64'),
  addedHeaders: ({ requestId }) => ({ 'Apigw-Requestid': requestId }),
  tooLarge: () => json(413, { message: 'Request Entity Too Large' }),
  throttled: () => json(503, { message: 'Service Unavailable' }),
  failed: () => json(500, { message: 'Internal Server Error' }),
};

/** The gateway of this kind. */
export function gatewayOf(front: Front): Gateway {
  return front === 'http-api' ? HTTP_API : FUNCTION_URL;
}

/**
 * HTTP APIs decode the path, so that `%2F` cannot be told from a slash, and what follows a decoded `?` is lost (captures in
 * hotsock/voker, pull request 8). Function URLs leave it as it was sent.
 */
function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path).replace(/\?.*$/s, '');
  } catch {
    return path;
  }
}

function json(status: number, body: object, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: Object.entries({ 'Content-Type': 'application/json', ...headers }),
    body: Buffer.from(JSON.stringify(body)),
  };
}
