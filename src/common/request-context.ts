import { AsyncLocalStorage } from 'node:async_hooks';
import type { TooManyRequestsError } from './errors/domain-errors.js';
import type { SignIn } from './sign-in.js';

/** What belongs to the HTTP request being served, wherever in the code one is. */
export interface RequestContext {
  readonly requestId: string;
  /** Address of the client, as far as the configured proxies are believed. */
  readonly address: string;
  /** As the client calls itself. */
  readonly userAgent?: string | undefined;
  /** Set once the token is verified. */
  userId?: string;
  /**
   * What the token of the request names, once its signature is verified; the sign-in itself may have ended. Attempts are
   * counted by it. It lets nobody in.
   */
  signIn?: SignIn | undefined;
  /** A refusal by address, for everybody but the owner of the account, who is known only when the account is. */
  refusalOfStrangers?: TooManyRequestsError;
  readonly databaseTime: DatabaseTime;
}

/** How long a request has waited for the database so far. Calls at the same time count once. */
export class DatabaseTime {
  private passedMs = 0;
  private callsUnderWay = 0;
  private busySince = 0;

  /** Milliseconds. */
  get spentMs(): number {
    return this.passedMs + (this.callsUnderWay > 0 ? performance.now() - this.busySince : 0);
  }

  /** A call begins. */
  begin(): void {
    if (this.callsUnderWay++ === 0) this.busySince = performance.now();
  }

  /** A call has ended. */
  end(): void {
    if (--this.callsUnderWay === 0) this.passedMs += performance.now() - this.busySince;
  }

  /** Forgets what was spent. */
  renew(): void {
    this.passedMs = 0;
    this.busySince = performance.now();
  }
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that {@link currentRequest} finds `context` in it and in all it awaits. */
export function runInRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Gives the request its whole time for the database again: for work in many steps, each of which has a limit. */
export function renewDatabaseBudget(): void {
  currentRequest()?.databaseTime.renew();
}

/** The request being served, or `undefined` outside of one (at start, in a command). */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}
