import type { Readable } from 'node:stream';

/** One call of the function. */
export interface Invocation {
  readonly requestId: string;
  readonly traceId: string;
  /** The event as JSON. */
  readonly event: string;
}

/** What the function answered. A streamed answer is still under way, and whoever gets it must read `body` to its end. */
export type Answer =
  | { kind: 'buffered'; payload: Buffer }
  | { kind: 'streamed'; contentType: string; body: Readable; failed: () => boolean };

/** Why an invocation has no answer; the message is the log line of the platform. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';

  constructor(
    readonly reason: 'function-error' | 'exit' | 'init' | 'timeout' | 'response-too-large',
    message: string,
  ) {
    super(message);
  }
}

/** All environments are busy and there is no room for another one. */
export class ThrottledError extends Error {
  override readonly name = 'TooManyRequestsException';
}

/** Largest event of a synchronous invocation. Bytes of JSON. */
export const MAX_EVENT_BYTES = 6_291_456;

/** Largest answer that is not streamed. Bytes of JSON. */
export const MAX_RESPONSE_BYTES = 6_291_556;
