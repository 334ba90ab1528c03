import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, pino, stdTimeFunctions } from 'pino';
import { callOf } from '../call-context.js';
import { currentRequest } from '../request-context.js';
import type { LogLevel } from './log-level.js';

/**
 * Structured logs: one JSON object a line on standard output. Every line written while a request is served has its
 * `request_id`, because the mixin reads the request context. Never pass a body, a header or a token to the logger.
 */
export abstract class Logger {
  abstract error(fields: object, message: string): void;
  abstract warn(fields: object, message: string): void;
  abstract info(fields: object, message: string): void;
  abstract debug(fields: object, message: string): void;
}

/** Creates the logger of a process. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Pino {
  return pino(
    {
      level,
      // Several processes may write to one stream.
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withCall },
      serializers: { err: describeError },
      mixin: () => {
        const request = currentRequest();
        return request ? { request_id: request.requestId } : {};
      },
    },
    destination ?? pino.destination({ sync: true }),
  );
}

/** Adds the call in which an error occurred: service, operation, table or bucket, region. */
function withCall(fields: Record<string, unknown>): Record<string, unknown> {
  return 'err' in fields ? { ...callOf(fields['err']), ...fields } : fields;
}

/** Removes a session token that AWS repeats when it explains why a signature is wrong. */
function withoutToken(text: string): string {
  return text.replace(/(x-amz-security-token\s*[:=]\s*)[^\s&,'"]+/gi, '$1…');
}

/**
 * The parts of an error that may be logged: type, message, code and stack. Errors of the AWS SDK have other properties
 * with the request and the item, which contain password hashes.
 */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return {
    ...{ type: error.name, message: withoutToken(error.message), ...code },
    ...{ stack: error.stack && withoutToken(error.stack), ...cause },
  };
}

/** Sends the lines of Nest to the same logger. Its start-up lines are logged at `debug`. */
export function nestLogger(logger: Logger): LoggerService {
  const context = (parameters: unknown[]) => ({ context: parameters.at(-1) });
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(context(rest), String(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(context(rest), String(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.debug(context(rest), String(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(context(rest), String(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      message instanceof Error
        ? logger.error({ ...context(rest), err: message }, message.message)
        : logger.error(context(rest), String(message)),
  };
}
