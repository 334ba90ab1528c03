import { pino } from 'pino';

/** What waits for an output that takes nothing now. Lines beyond that are lost. Bytes. */
const MAX_WAITING = 1024 * 1024;
const STANDARD_OUTPUT = 1;

/**
 * Writes lines to standard output, each at once, because a process may be frozen or end right afterwards. An output that
 * is full or gone loses lines, and fails nobody.
 */
export function emfOutput(fd: number = STANDARD_OUTPUT): (line: string) => void {
  const output = pino.destination({ dest: fd, sync: true, maxLength: MAX_WAITING });
  output.on('error', () => undefined);
  return (line) => void output.write(`${line}\n`);
}
