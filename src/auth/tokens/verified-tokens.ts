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
 * Tokens whose signature and claims were found good, so that those who come again are not verified anew: a tenth of the
 * CPU of a read. Only what never changes is remembered; whether the sign-in has ended is asked each time. By the whole
 * token, since the same signature under other claims is a forgery.
 */
export class VerifiedTokens {
  private readonly tokens = new LRUCache<string, VerifiedToken>({ max: MAX_TOKENS });

  /**
   * Whom the token was made for, where it is known and has not expired.
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
