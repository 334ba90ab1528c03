/** A call to AWS, for the log line of its failure: everything except what was sent. */
export interface CallContext {
  readonly service: 'DynamoDB' | 'S3';
  /** `GetItem`, `HeadObject`, … */
  readonly operation: string;
  /** The table, or several tables separated by commas. */
  readonly table?: string;
  readonly bucket?: string;
  /** Absent if the SDK determines it. */
  readonly region?: string;
  /** Only set if it is not AWS. */
  readonly endpoint?: string;
}

/** The endpoint that calls go to. */
export type CallSite = Pick<CallContext, 'region' | 'endpoint'>;

/** A map beside the errors: errors of the SDK are not changed, and may be logged anywhere. */
const contexts = new WeakMap<Error, CallContext>();

/** Stores the call in which an error occurred. The first call stored for an error stays. */
export function noteCall(error: unknown, context: CallContext): void {
  if (error instanceof Error && !contexts.has(error)) contexts.set(error, context);
}

/** The call in which an error, or one of its causes, occurred. */
export function callOf(error: unknown): CallContext | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const context = contexts.get(at);
    if (context) return context;
  }
  return undefined;
}
