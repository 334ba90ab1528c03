/** A call to AWS, for whoever reads of its failure in the log: everything but what was sent. */
export interface CallContext {
  readonly service: 'DynamoDB' | 'S3';
  /** `GetItem`, `HeadObject`, … */
  readonly operation: string;
  /** The table, or the tables separated by commas. */
  readonly table?: string;
  readonly bucket?: string;
  /** Absent where the SDK finds it out by itself. */
  readonly region?: string;
  /** Only where it is not AWS itself. */
  readonly endpoint?: string;
}

/** Where calls go. */
export type CallSite = Pick<CallContext, 'region' | 'endpoint'>;

/** Beside the errors: those of the SDK are what they are, and may be logged wherever they end up. */
const contexts = new WeakMap<Error, CallContext>();

/** Notes in which call an error came about; the first word counts. */
export function noteCall(error: unknown, context: CallContext): void {
  if (error instanceof Error && !contexts.has(error)) contexts.set(error, context);
}

/** The call in which an error, or what caused it, came about. */
export function callOf(error: unknown): CallContext | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const context = contexts.get(at);
    if (context) return context;
  }
  return undefined;
}
