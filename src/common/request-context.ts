import { AsyncLocalStorage } from 'node:async_hooks';
import type { TooManyRequestsError } from './errors/domain-errors.js';
import type { SignIn } from './sign-in.js';

/** The context of the HTTP request that is being served. */
export interface RequestContext {
  readonly requestId: string;
  /** Address of the client, taken from headers of configured proxies only. */
  readonly address: string;
  /** `User-Agent` of the client. */
  readonly userAgent?: string | undefined;
  /** Set when the token is verified. */
  userId?: string;
  /**
   * The sign-in that the token of the request names, when its signature is verified. The sign-in may have ended. It is
   * used to count attempts and grants no access.
   */
  signIn?: SignIn | undefined;
  /** A refusal by client address. The owner of the account is exempt, but is known only when the account is. */
  refusalOfStrangers?: TooManyRequestsError;
  readonly databaseTime: DatabaseTime;
}

/** How long a request has waited for the database so far. Concurrent calls count once. */
export class DatabaseTime {
  private passedMs = 0;
  private callsUnderWay = 0;
  private busySince = 0;

  /** Milliseconds. */
  get spentMs(): number {
    return this.passedMs + (this.callsUnderWay > 0 ? performance.now() - this.busySince : 0);
  }

  /** Called when a call begins. */
  begin(): void {
    if (this.callsUnderWay++ === 0) this.busySince = performance.now();
  }

  /** Called when a call has ended. */
  end(): void {
    if (--this.callsUnderWay === 0) this.passedMs += performance.now() - this.busySince;
  }

  /** Resets the time. */
  renew(): void {
    this.passedMs = 0;
    this.busySince = performance.now();
  }
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that {@link currentRequest} returns `context` in it and in everything that it awaits. */
export function runInRequest<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

/** Resets the database budget of the request, for work in many steps that each have a limit. */
export function renewDatabaseBudget(): void {
  currentRequest()?.databaseTime.renew();
}

/** The request that is being served, or `undefined` outside of one (at start, in a command). */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}
