import { Injectable } from '@nestjs/common';
import { InvalidTokenError } from '../common/errors/domain-errors.js';
import { type Cached, ExpiringCache } from '../common/expiring-cache.js';
import { Logger } from '../common/logging/logger.js';
import { nowSeconds } from '../common/time.js';
import { AppConfig } from '../config/config.js';
import type { SignInProof } from '../users/sign-in-proof.js';
import type { AccountState, User } from '../users/user.js';
import { UsersRepository } from '../users/users.repository.js';
import { type SignIn, signInReference } from '../common/sign-in.js';
import { hasNotEnded, isSessionId, type Session } from './session.js';
import { SessionsRepository } from './sessions.repository.js';
import { SignInsRepository, type SignInState } from './sign-ins.repository.js';

/** The last use is stored with a precision of one hour, so that it costs at most one write an hour. */
const LAST_USE_SECONDS = 3600;

/** Entries of each cache, some 300 bytes each. */
const CACHE_ENTRIES = 10_000;

/** A sign-in that has not ended, as stored in the tables. */
export interface StandingSignIn extends SignInState {
  readonly account: User;
  /** For the condition of a later write of the account's row. */
  readonly proof: SignInProof;
}

/**
 * Checks whether sign-ins have ended. Reads may use the cache of this instance for its lifetime. The tables decide
 * about every write: by {@link confirm}, or by a write condition from {@link prove}.
 */
@Injectable()
export class SignInsService {
  private readonly sessions: ExpiringCache<Session>;
  private readonly accounts: ExpiringCache<AccountState>;
  private readonly alwaysAsk: boolean;

  constructor(
    private readonly repository: SignInsRepository,
    private readonly sessionRows: SessionsRepository,
    private readonly users: UsersRepository,
    private readonly logger: Logger,
    config: AppConfig,
  ) {
    const { cacheSeconds } = config.sessions;
    this.sessions = new ExpiringCache(cacheSeconds, CACHE_ENTRIES);
    this.accounts = new ExpiringCache(cacheSeconds, CACHE_ENTRIES);
    this.alwaysAsk = cacheSeconds === 0;
  }

  /**
   * Checks a verified token for a read. Reads the tables at most once for each session (1 read unit) in the lifetime of
   * the cache.
   *
   * @throws InvalidTokenError if its session or its account has ended
   * @throws UnavailableError if this cannot be read now
   */
  async assertCurrent(signIn: SignIn): Promise<void> {
    const { userId, sessionId } = signIn;
    const [account, session] = await Promise.all([
      this.accounts.getOrLoad(userId, () => this.loadAccount(userId)),
      sessionId === undefined ? undefined : this.findSession(sessionId),
    ]);
    if (!account || !hasNotEnded(signIn, account, session ?? undefined, nowSeconds())) {
      throw new InvalidTokenError();
    }
  }

  /**
   * Reads the tables without the cache, for writes to rows other than those of the account and the sign-in. Costs 2
   * read units, or 1 for a token without a session.
   *
   * @throws InvalidTokenError if the sign-in has ended
   * @throws UnavailableError if this cannot be read now
   */
  async confirm(signIn: SignIn): Promise<StandingSignIn> {
    const { userId, sessionId } = signIn;
    const { account, session } = await this.repository.find(userId, sessionId);
    if (account && hasNotEnded(signIn, account, session, nowSeconds())) {
      return { account, session, proof: proofOf(signIn, session) };
    }
    if (account) this.remember(account);
    else this.forget(userId);
    if (sessionId !== undefined && !session) this.forgetSession(sessionId);
    throw new InvalidTokenError();
  }

  /**
   * The proof for the condition of a write of the account's row. The row does not contain sessions that ended
   * individually, so the session is read consistently: 1 read unit, none for a token without a session.
   *
   * @throws InvalidTokenError if the session has ended
   */
  async prove(signIn: SignIn): Promise<SignInProof> {
    const { userId, sessionId } = signIn;
    if (sessionId === undefined) return proofOf(signIn, undefined);
    const session = await this.sessionRows.findById(sessionId, true);
    if (session?.userId !== userId || session.expiresAt <= nowSeconds()) {
      this.forgetSession(sessionId);
      throw new InvalidTokenError();
    }
    return proofOf(signIn, session);
  }

  /** Caches an account that was just read or changed, so that this instance uses it immediately. */
  remember(account: AccountState): void {
    const known = this.accounts.get(account.userId);
    const isOlder =
      known && (known.generation > account.generation || known.tokensValidFrom > account.tokensValidFrom);
    if (!isOlder) this.accounts.set(account.userId, accountState(account));
  }

  /** Caches that an account no longer exists. */
  forget(userId: string): void {
    this.accounts.set(userId, null);
  }

  /** Caches a session that was just extended. */
  rememberSession(session: Session): void {
    if (this.sessions.get(session.sessionId)) this.sessions.set(session.sessionId, session);
  }

  /** Caches that a session has ended. */
  forgetSession(sessionId: string): void {
    this.sessions.set(sessionId, null);
  }

  /** Removes an account from the cache, because the entry has turned out to be outdated. */
  doubt(userId: string): void {
    this.accounts.forget(userId);
  }

  private async loadAccount(userId: string): Promise<Cached<AccountState>> {
    const user = await this.load((consistent) => this.users.findById(userId, consistent));
    return user && accountState(user);
  }

  private async findSession(sessionId: string): Promise<Cached<Session>> {
    if (!isSessionId(sessionId)) return null;
    return this.sessions.getOrLoad(sessionId, async () => {
      const session = await this.load((consistent) => this.sessionRows.findById(sessionId, consistent));
      if (session) this.noteUse(session);
      return session;
    });
  }

  /**
   * Reads eventually consistently first, at half the price. A row that is not found may be too new, so only a
   * consistent read decides that it does not exist.
   */
  private async load<T>(find: (consistent: boolean) => Promise<T | undefined>): Promise<T | null> {
    if (this.alwaysAsk) return (await find(true)) ?? null;
    return (await find(false)) ?? (await find(true)) ?? null;
  }

  private noteUse({ sessionId, lastUsedAt }: Session): void {
    const now = nowSeconds();
    if (now - lastUsedAt < LAST_USE_SECONDS) return;
    // In the background: nothing depends on it.
    this.sessionRows.touch(sessionId, now).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the last use of a session could not be noted');
    });
  }
}

function proofOf(signIn: SignIn, session: Session | undefined): SignInProof {
  const { userId, issuedAt } = signIn;
  const reference = signInReference(signIn);
  return { userId, issuedAt, reference, ...(session && { generation: session.generation }) };
}

/** The cached part of an account. It must not contain the password hash. */
function accountState(account: AccountState): AccountState {
  const { userId, generation, keptSignIn, tokensValidFrom, closingAt } = account;
  return { userId, generation, keptSignIn, tokensValidFrom, closingAt };
}
