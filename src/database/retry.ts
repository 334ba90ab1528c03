import { setTimeout as sleep } from 'node:timers/promises';
import { DeploymentError, UnavailableError } from '../common/errors/domain-errors.js';
import { NoAnswerError, translateDatabaseError } from './database-errors.js';

/**
 * Attempts of one call, and the pauses between them, each up to twice as long as the previous one; half a minute in
 * all.
 */
const TRIES = 12;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 10_000;

interface Answer {
  readonly $metadata: { readonly requestId?: string | undefined };
}

/**
 * Makes a call to DynamoDB, and retries it while DynamoDB is unavailable. On-demand tables throttle sudden load and
 * scale with it. For work that no client waits for.
 *
 * @throws the error of the last attempt, or immediately an error that a retry does not help against
 */
export async function sendWithRetry<Output extends Answer>(call: () => Promise<Output>): Promise<Output> {
  return retryWhileUnavailable(async () => {
    const output = await call();
    if (output.$metadata.requestId === undefined) throw new NoAnswerError();
    return output;
  });
}

/**
 * Like {@link sendWithRetry}, for work whose errors are translated already, of DynamoDB or S3.
 *
 * @throws the error of the last attempt, or immediately any error that is not an `UnavailableError` or is a
 *   `DeploymentError`
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
      // Jitter, so that many clients do not retry at the same time.
      await sleep(pause * (0.5 + Math.random() / 2));
    }
  }
}
