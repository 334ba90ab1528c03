import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InvalidTokenError, NotFoundError } from '../common/errors/domain-errors.js';
import { Logger } from '../common/logging/logger.js';
import { nowSeconds } from '../common/time.js';
import { AppConfig } from '../config/config.js';
import type { AccountState } from '../users/user.js';
import { UsersRepository } from '../users/users.repository.js';
import { type Cached, ExpiringCache } from '../common/expiring-cache.js';
import {
  isCurrentGeneration,
  type Session,
  SESSION_SECONDS,
  type SignIn,
  signInReference,
} from './session.js';
import { SessionsRepository } from './sessions.repository.js';

/** The last use is kept true to the hour, so that it costs at most one write an hour. */
const LAST_USE_SECONDS = 3600;

/** Entries of each cache, some 300 bytes each. */
const CACHE_ENTRIES = 10_000;

/** The most sessions that a list shows, the newest ones. */
export const LISTED_SESSIONS = 100;

/** Signed-in devices: what makes them, checks them and ends them. */
@Injectable()
export class SessionsService {
  private readonly sessions: ExpiringCache<Session>;
  private readonly accounts: ExpiringCache<AccountState>;
  private readonly alwaysAsk: boolean;

  constructor(
    private readonly repository: SessionsRepository,
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
   * Makes a session.
   *
   * @param account as the login read it: what has raised its generation since ends the session too
   * @param device readable name of the device
   */
  async start({ userId, generation }: AccountState, device: string): Promise<Session> {
    const now = nowSeconds();
    const session: Session = {
      sessionId: randomUUID(),
      userId,
      createdAt: now,
      lastUsedAt: now,
      expiresAt: now + SESSION_SECONDS,
      device,
      generation,
    };
    await this.repository.create(session);
    return session;
  }

  /**
   * Whether a verified token still stands. Asks the tables at most once for each session (1 read unit) in the
   * lifetime of the cache.
   *
   * @throws InvalidTokenError where its session or its account has ended
   * @throws UnavailableError where that cannot be found out
   */
  async assertCurrent(signIn: SignIn): Promise<void> {
    const { userId, sessionId, issuedAt } = signIn;
    const [account, session] = await Promise.all([
      this.accounts.getOrLoad(userId, () => this.loadAccount(userId)),
      sessionId === undefined ? undefined : this.findSession(sessionId),
    ]);
    if (!account) throw new InvalidTokenError();
    const stands =
      session === undefined
        ? issuedAt >= account.tokensValidFrom || account.keptSignIn === signInReference(signIn)
        : session?.userId === userId &&
          session.expiresAt > nowSeconds() &&
          isCurrentGeneration(session, account);
    if (!stands) throw new InvalidTokenError();
  }

  /** The user's live sessions, newest first, at most {@link LISTED_SESSIONS}. */
  async list(userId: string): Promise<Session[]> {
    const [sessions, account] = await Promise.all([
      this.repository.listByUser(userId, LISTED_SESSIONS),
      this.users.findById(userId),
    ]);
    const now = nowSeconds();
    // DynamoDB deletes expired rows with a delay of up to days.
    return sessions.filter(
      (session) => session.expiresAt > now && account && isCurrentGeneration(session, account),
    );
  }

  /**
   * Ends one session.
   *
   * @throws NotFoundError where the user has no such session
   */
  async end(userId: string, sessionId: string): Promise<void> {
    const ended = isSessionId(sessionId) && (await this.repository.delete(sessionId, userId));
    if (!ended) throw new NotFoundError('Session not found');
    this.sessions.set(sessionId, null);
  }

  /** Ends what the caller is signed in by. */
  async endOwn(signIn: SignIn): Promise<void> {
    if (signIn.sessionId !== undefined) return this.end(signIn.userId, signIn.sessionId);
    // A token of the older backend has no session: it ends together with those issued before it.
    const { userId, issuedAt } = signIn;
    const account = await this.users.endToken(userId, issuedAt, signInReference(signIn));
    if (account) this.remember(account);
  }

  /**
   * Removes the caller's own session where nothing depends on it any more.
   *
   * @returns how many there were, 0 for a token of the older backend
   */
  async endLast({ userId, sessionId }: SignIn): Promise<number> {
    if (sessionId === undefined) return 0;
    this.sessions.set(sessionId, null);
    try {
      return (await this.repository.delete(sessionId, userId)) ? 1 : 0;
    } catch (error) {
      // Its time to live removes it.
      this.logger.warn({ err: error }, 'the last session of a deleted account stays until it expires');
      return 0;
    }
  }

  /** Ends everything the user is signed in by but this. Costs 2 write units, however many there are. */
  async endOthers(signIn: SignIn): Promise<void> {
    const account = await this.users.raiseGeneration(signIn.userId, raiseFor(signIn));
    if (account) this.remember(account);
  }

  /**
   * Moves the end of a session to 30 days from now. A token of the older backend gets a session.
   *
   * @returns the id of the session
   * @throws InvalidTokenError where it has ended meanwhile
   */
  async renew(signIn: SignIn, device: string): Promise<string> {
    const { userId, sessionId } = signIn;
    if (sessionId === undefined) {
      const account = await this.users.findById(userId);
      if (!account) throw new InvalidTokenError();
      return (await this.start(account, device)).sessionId;
    }
    const now = nowSeconds();
    if (!(await this.repository.extend(sessionId, now, now + SESSION_SECONDS))) throw new InvalidTokenError();
    const known = this.sessions.get(sessionId);
    if (known) this.sessions.set(sessionId, { ...known, lastUsedAt: now, expiresAt: now + SESSION_SECONDS });
    return sessionId;
  }

  /**
   * Removes every session of the user but one, page by page.
   *
   * @param onRemoved is told how many went with each page
   */
  async removeAll(
    userId: string,
    except: string | undefined,
    onRemoved: (count: number) => void,
  ): Promise<void> {
    for await (const ids of this.repository.idsByUser(userId)) {
      const removed = await Promise.all(
        ids.filter((id) => id !== except).map((id) => this.repository.delete(id, userId)),
      );
      onRemoved(removed.filter(Boolean).length);
    }
  }

  /** Takes note of an account that has just been changed, so that this instance acts on it at once. */
  remember(account: AccountState): void {
    const known = this.accounts.get(account.userId);
    if (!known || known.generation <= account.generation) {
      this.accounts.set(account.userId, accountState(account));
    }
  }

  /** Takes note of an account that is gone. */
  forget(userId: string): void {
    this.accounts.set(userId, null);
  }

  private async loadAccount(userId: string): Promise<Cached<AccountState>> {
    const user = await this.load((consistent) => this.users.findById(userId, consistent));
    return user && accountState(user);
  }

  private async findSession(sessionId: string): Promise<Cached<Session>> {
    if (!isSessionId(sessionId)) return null;
    return this.sessions.getOrLoad(sessionId, async () => {
      const session = await this.load((consistent) => this.repository.findById(sessionId, consistent));
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
    this.repository.touch(sessionId, now).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the last use of a session could not be noted');
    });
  }
}

/** Whether it could be one. What is none is not looked up: DynamoDB refuses an empty key and a long one. */
function isSessionId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** Without the rest of the account: what is cached for all should hold no hash. */
function accountState({ userId, generation, keptSignIn, tokensValidFrom }: AccountState): AccountState {
  return { userId, generation, keptSignIn, tokensValidFrom };
}

/** What ends everything but this sign-in. */
export function raiseFor(signIn: SignIn) {
  // Tokens are dated to the second; those of the second that has begun end too.
  return { keptSignIn: signInReference(signIn), tokensValidFrom: nowSeconds() + 1 };
}
