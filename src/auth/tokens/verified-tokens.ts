import { LRUCache } from 'lru-cache';
import type { Caller } from '../../common/http/caller.decorator.js';

/** Some 700 bytes each. */
const MAX_TOKENS = 5_000;

interface VerifiedToken {
  readonly caller: Caller;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/**
 * Caches tokens whose signature and claims were verified, which saves a tenth of the CPU of a read. Only what never
 * changes is cached: whether the sign-in has ended is checked each time. The key is the whole token, because the same
 * signature with other claims is a forgery.
 */
export class VerifiedTokens {
  private readonly tokens = new LRUCache<string, VerifiedToken>({ max: MAX_TOKENS });

  /**
   * The caller that the token was issued for, if it is cached and has not expired.
   *
   * @param now Unix seconds
   */
  get(token: string, now: number): Caller | undefined {
    const verified = this.tokens.get(token);
    return verified !== undefined && verified.expiresAt > now ? verified.caller : undefined;
  }

  /** @param expiresAt Unix seconds */
  set(token: string, caller: Caller, expiresAt: number): void {
    this.tokens.set(token, { caller, expiresAt });
  }
}
