/** `console` as the managed runtime patches it for text logs: time, request id and level before each message. */
import { format } from 'node:util';
import { toErrorResponse } from './errors.mjs';

const LEVELS = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR' };

let requestId = 'undefined';

/** The invocation that lines belong to from now on. */
export function setRequestId(id) {
  requestId = id;
}

/** Replaces the methods of `console`. What writes to the standard output by itself is left alone. */
export function patchConsole() {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...values) => write(level, format(...values));
  }
}

/** An error of an invocation or of the start, in one line. */
export function logError(title, error) {
  write('ERROR', `${title} \t${JSON.stringify(toErrorResponse(error))}`);
}

function write(level, message) {
  process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${message}\n`);
}
