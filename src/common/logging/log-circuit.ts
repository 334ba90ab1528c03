import type { Logger } from './logger.js';

/** Logs once when the circuit of a dependency opens, and once when it closes. */
export function logCircuit(logger: Logger, source: string): (open: boolean, cause?: unknown) => void {
  return (open, cause) => {
    if (open) logger.error({ err: cause }, `${source} does not answer; requests that need it fail at once`);
    else logger.info({}, `${source} answers again`);
  };
}
