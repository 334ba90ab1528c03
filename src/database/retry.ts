import { setTimeout as sleep } from 'node:timers/promises';
import { DeploymentError, UnavailableError } from '../common/errors/domain-errors.js';
import { NoAnswerError, translateDatabaseError } from './database-errors.js';

/** Tries of one call, and the pauses between them, each up to twice as long as the one before; half a minute in all. */
const TRIES = 12;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 10_000;

interface Answer {
  readonly $metadata: { readonly requestId?: string | undefined };
}

/**
 * Makes a call to DynamoDB, and again where it cannot serve now: tables on demand throttle whoever comes suddenly,
 * and grow with the load. For work that nobody waits for.
 *
 * @throws the error of the last try, or at once what no repetition helps against
 */
export async function sendWithRetry<Output extends Answer>(call: () => Promise<Output>): Promise<Output> {
  return retryWhileUnavailable(async () => {
    const output = await call();
    if (output.$metadata.requestId === undefined) throw new NoAnswerError();
    return output;
  });
}

/**
 * The same for work whose errors are translated already, of DynamoDB or of S3.
 *
 * @throws the error of the last try, or at once what is no `UnavailableError` or will not pass by itself
 */
export async function retryWhileUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const translated = translateDatabaseError(error);
      const passing = translated instanceof UnavailableError && !(translated instanceof DeploymentError);
      if (!passing || attempt === TRIES) throw error;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
      // Jitter, so that many at once do not come back at once.
      await sleep(pause * (0.5 + Math.random() / 2));
    }
  }
}
