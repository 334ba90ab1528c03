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

/** The last use is kept true to the hour, so that it costs at most one write an hour. */
const LAST_USE_SECONDS = 3600;

/** Entries of each cache, some 300 bytes each. */
const CACHE_ENTRIES = 10_000;

/** A sign-in that has not ended, as the tables have it. */
export interface StandingSignIn extends SignInState {
  readonly account: User;
  /** For the condition of a write of the account's row that follows. */
  readonly proof: SignInProof;
}

/**
 * Whether sign-ins have ended. What only reads may go by what this instance knows for the lifetime of its cache; every
 * write is decided by the tables: by {@link confirm}, or by the condition of the write, made of {@link prove}.
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
   * Whether a verified token still stands, enough to read by. Asks the tables at most once for each session (1 read
   * unit) in the lifetime of the cache.
   *
   * @throws InvalidTokenError where its session or its account has ended
   * @throws UnavailableError where that cannot be found out
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
   * Asks the tables, past the cache: for what writes to other rows than the account's and the sign-in's own. Costs 2
   * read units, or 1 for a token without a session.
   *
   * @throws InvalidTokenError where the sign-in has ended
   * @throws UnavailableError where that cannot be found out
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
   * What the condition of a write of the account's row has to repeat. The session may have ended alone, which the
   * account does not know, so it is read consistently: 1 read unit, none for a token without a session.
   *
   * @throws InvalidTokenError where the session has ended
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

  /** Takes note of an account that has just been read or changed, so that this instance acts on it at once. */
  remember(account: AccountState): void {
    const known = this.accounts.get(account.userId);
    const isOlder =
      known && (known.generation > account.generation || known.tokensValidFrom > account.tokensValidFrom);
    if (!isOlder) this.accounts.set(account.userId, accountState(account));
  }

  /** Takes note of an account that is gone. */
  forget(userId: string): void {
    this.accounts.set(userId, null);
  }

  /** Takes note of a session that was just extended. */
  rememberSession(session: Session): void {
    if (this.sessions.get(session.sessionId)) this.sessions.set(session.sessionId, session);
  }

  /** Takes note of a session that has ended. */
  forgetSession(sessionId: string): void {
    this.sessions.set(sessionId, null);
  }

  /** Has the account asked about anew: what is known of it has just turned out to be wrong. */
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

  /** Reads at half the price first; what is not found there may be too young, so only a consistent read says no. */
  private async load<T>(find: (consistent: boolean) => Promise<T | undefined>): Promise<T | null> {
    if (this.alwaysAsk) return (await find(true)) ?? null;
    return (await find(false)) ?? (await find(true)) ?? null;
  }

  private noteUse({ sessionId, lastUsedAt }: Session): void {
    const now = nowSeconds();
    if (now - lastUsedAt < LAST_USE_SECONDS) return;
    // Nobody waits for it, and nothing depends on it.
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

/** Without the rest of the account: what is cached for all should hold no hash. */
function accountState(account: AccountState): AccountState {
  const { userId, generation, keptSignIn, tokensValidFrom, closingAt } = account;
  return { userId, generation, keptSignIn, tokensValidFrom, closingAt };
}
