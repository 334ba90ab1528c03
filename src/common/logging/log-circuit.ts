import type { Logger } from './logger.js';

/** Says once that something is not asked any more, and once that it is again. */
export function logCircuit(logger: Logger, source: string): (open: boolean, cause?: unknown) => void {
  return (open, cause) => {
    if (open) logger.error({ err: cause }, `${source} does not answer; requests that need it fail at once`);
    else logger.info({}, `${source} answers again`);
  };
}
