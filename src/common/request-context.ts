import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to the HTTP request being served, wherever in the code one is. */
export interface RequestContext {
  readonly requestId: string;
  /** Address of the client, as far as the configured proxies are believed. */
  readonly address: string;
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

/** Gives the request its whole time for the database again: for work in many steps, each of which has a limit. */
export function renewDatabaseBudget(): void {
  const request = currentRequest();
  if (request) request.databaseMs = 0;
}

/** The request being served, or `undefined` outside of one (at start, in a command). */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}
