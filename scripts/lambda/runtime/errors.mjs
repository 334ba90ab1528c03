/** Errors of the runtime itself, and how any error is reported. */
class RuntimeError extends Error {
  get name() {
    return `Runtime.${this.constructor.name}`;
  }
}

export class ImportModuleError extends RuntimeError {}
export class HandlerNotFound extends RuntimeError {}
export class UserCodeSyntaxError extends RuntimeError {}
export class InvalidStreamingOperation extends RuntimeError {}

/** A promise that was rejected and that nobody awaits. */
export class UnhandledPromiseRejection extends RuntimeError {
  constructor(reason) {
    super(String(reason));
    this.reason = reason;
  }
}

/** The body of the error calls. */
export function toErrorResponse(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}
