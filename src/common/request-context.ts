import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the HTTP request being served, wherever in the code one is. */
export interface RequestContext {
  readonly requestId: string;
  /** Set once the token is verified. */
  userId?: string;
  /** Time already spent waiting for the database; milliseconds. See `Database`. */
  databaseMs: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that {@link currentRequest} finds `context` in it and in all it awaits. */
export function runInRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** The request being served, or `undefined` outside of one (at start, in a command). */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}
