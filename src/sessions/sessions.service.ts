import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InvalidTokenError, NotFoundError } from '../common/errors/domain-errors.js';
import { Logger } from '../common/logging/logger.js';
import { renewDatabaseBudget } from '../common/request-context.js';
import { nowSeconds } from '../common/time.js';
import type { AccountState } from '../users/user.js';
import { UsersRepository } from '../users/users.repository.js';
import { type SignIn, signInReference } from '../common/sign-in.js';
import {
  isCurrentGeneration,
  isSessionId,
  type Session,
  SESSION_SECONDS,
  standsForToken,
} from './session.js';
import { SessionsRepository } from './sessions.repository.js';
import { SignInsRepository } from './sign-ins.repository.js';
import { SignInsService } from './sign-ins.service.js';

/** How far in the future a token may be dated, plus one second; see `isAccessToken`. */
const LATEST_TOKEN_SECONDS = 61;

/** Creates, lists and ends the sessions of signed-in devices. {@link SignInsService} checks whether they have ended. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly repository: SessionsRepository,
    private readonly signInRows: SignInsRepository,
    private readonly signIns: SignInsService,
    private readonly users: UsersRepository,
    private readonly logger: Logger,
  ) {}

  /**
   * Creates a session.
   *
   * @param account as the login read it: if its generation was raised since then, the session has ended too
   * @param device readable name of the device
   */
  async start({ userId, generation }: AccountState, device: string): Promise<Session> {
    const session = { ...beginning(nowSeconds()), sessionId: randomUUID(), userId, device, generation };
    await this.repository.create(session);
    return session;
  }

  /** The user's live sessions, newest first. Costs 1 read unit for each session, except those that expired long ago. */
  async list(userId: string): Promise<Session[]> {
    const account = await this.users.findById(userId);
    const live: Session[] = [];
    if (!account) return live;
    const now = nowSeconds();
    for await (const page of this.repository.pagesByUser(userId)) {
      renewDatabaseBudget();
      // DynamoDB deletes expired rows with a delay of up to days.
      live.push(
        ...page.filter((session) => session.expiresAt > now && isCurrentGeneration(session, account)),
      );
    }
    return live;
  }

  /**
   * Ends one session, and the token of the older backend that it was created from.
   *
   * @throws InvalidTokenError if the caller's own sign-in has ended
   * @throws NotFoundError if the user has no such session
   */
  async end(signIn: SignIn, sessionId: string): Promise<void> {
    await this.signIns.confirm(signIn);
    if (!(await this.remove(signIn.userId, sessionId))) throw new NotFoundError('Session not found');
  }

  /**
   * Ends the caller's own sign-in. Of two concurrent requests, one finds that the other has done it.
   *
   * @throws InvalidTokenError if it had ended before
   */
  async endOwn(signIn: SignIn): Promise<void> {
    const { userId, sessionId, issuedAt } = signIn;
    const reference = signInReference(signIn);
    await this.signIns.confirm(signIn);
    if (sessionId === undefined) {
      // The session is deleted before the token ends: with an ended token the client could not repeat the request.
      if (await this.repository.findById(reference, true)) await this.repository.delete(reference, userId);
      await this.endToken(userId, issuedAt, reference);
      // Deletes a session that a concurrent renewal has created. An ended token cannot create another one.
      await this.repository.delete(reference, userId);
    } else {
      await this.remove(userId, sessionId);
    }
    this.signIns.forgetSession(reference);
  }

  /**
   * Removes the caller's own session when nothing depends on it any more.
   *
   * @returns the number of sessions, 0 for a token of the older backend
   */
  async endLast({ userId, sessionId }: SignIn): Promise<number> {
    if (sessionId === undefined) return 0;
    this.signIns.forgetSession(sessionId);
    try {
      return (await this.repository.delete(sessionId, userId)) ? 1 : 0;
    } catch (error) {
      // Its time to live removes it.
      this.logger.warn({ err: error }, 'the last session of a deleted account stays until it expires');
      return 0;
    }
  }

  /**
   * Ends all other sign-ins of the user. Costs 2 write units, whatever their number, and 1 read unit.
   *
   * @throws InvalidTokenError if the caller's own sign-in has ended
   */
  async endOthers(signIn: SignIn): Promise<void> {
    const account = await this.users.raiseGeneration(await this.signIns.prove(signIn), raiseFor(signIn));
    if (account) return this.signIns.remember(account);
    this.signIns.doubt(signIn.userId);
    throw new InvalidTokenError();
  }

  /**
   * Extends a session to 30 days from now. A token of the older backend becomes a session, always the same one.
   *
   * @returns the id of the session
   * @throws InvalidTokenError if it has ended
   */
  async renew(signIn: SignIn, device: string): Promise<string> {
    const { sessionId, userId } = signIn;
    if (sessionId === undefined) return this.renewToken(signIn, device);
    const account = await this.users.findById(userId);
    if (account && (await this.extend(sessionId, account))) return sessionId;
    this.signIns.forgetSession(sessionId);
    throw new InvalidTokenError();
  }

  /**
   * Removes every session of the user except one, page by page.
   *
   * @param onRemoved called after each page with the number of removed sessions
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

  private async renewToken(signIn: SignIn, device: string): Promise<string> {
    const proof = await this.signIns.prove(signIn);
    const { reference: sessionId, userId, issuedAt: tokenIssuedAt } = proof;
    const { account } = await this.signIns.confirm(signIn);
    if (await this.extend(sessionId, account)) return sessionId;
    const { generation } = account;
    const session = { ...beginning(nowSeconds()), sessionId, userId, device, generation, tokenIssuedAt };
    if (await this.signInRows.createFromToken(session, proof)) return sessionId;
    // It has ended meanwhile, or another request with the same token has just created the session.
    if (await this.extend(sessionId, (await this.signIns.confirm(signIn)).account)) return sessionId;
    throw new InvalidTokenError();
  }

  private async extend(sessionId: string, account: AccountState): Promise<boolean> {
    const now = nowSeconds();
    const { userId, generation, keptSignIn } = account;
    const extended = await this.repository.extend({
      ...{ sessionId, userId, now, expiresAt: now + SESSION_SECONDS },
      ...(keptSignIn !== sessionId && { generation }),
    });
    if (extended) this.signIns.rememberSession(extended);
    return extended !== undefined;
  }

  /** The token ends first: if the process stops in between, the session can still be ended by its id. */
  private async remove(userId: string, sessionId: string): Promise<boolean> {
    if (!isSessionId(sessionId)) return false;
    if (standsForToken(sessionId)) {
      const session = await this.repository.findById(sessionId, true);
      if (session?.userId !== userId) return false;
      if (session.tokenIssuedAt !== undefined) await this.endToken(userId, session.tokenIssuedAt, sessionId);
    }
    const removed = await this.repository.delete(sessionId, userId);
    if (removed) this.signIns.forgetSession(sessionId);
    return removed;
  }

  private async endToken(userId: string, issuedAt: number, reference: string): Promise<void> {
    const account = await this.users.endToken(userId, issuedAt, reference);
    if (account) this.signIns.remember(account);
  }
}

function beginning(now: number): Pick<Session, 'createdAt' | 'lastUsedAt' | 'expiresAt'> {
  return { createdAt: now, lastUsedAt: now, expiresAt: now + SESSION_SECONDS };
}

/**
 * The update that ends all other sign-ins, including tokens of the older backend that were dated by a clock that is
 * ahead.
 */
export function raiseFor(signIn: SignIn) {
  return { keptSignIn: signInReference(signIn), tokensValidFrom: nowSeconds() + LATEST_TOKEN_SECONDS };
}
