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

/** How far ahead of this machine's clock a token may be dated, and one second; see `isAccessToken`. */
const LATEST_TOKEN_SECONDS = 61;

/** Signed-in devices: what makes them, shows them and ends them. {@link SignInsService} tells whether they have ended. */
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
   * Makes a session.
   *
   * @param account as the login read it: what has raised its generation since ends the session too
   * @param device readable name of the device
   */
  async start({ userId, generation }: AccountState, device: string): Promise<Session> {
    const session = { ...beginning(nowSeconds()), sessionId: randomUUID(), userId, device, generation };
    await this.repository.create(session);
    return session;
  }

  /** The user's live sessions, all of them, newest first. Costs 1 read unit for each that has not expired long ago. */
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
   * Ends one session, and the token of the older backend that it stands for.
   *
   * @throws InvalidTokenError where what asks has ended itself
   * @throws NotFoundError where the user has no such session
   */
  async end(signIn: SignIn, sessionId: string): Promise<void> {
    await this.signIns.confirm(signIn);
    if (!(await this.remove(signIn.userId, sessionId))) throw new NotFoundError('Session not found');
  }

  /**
   * Ends what the caller is signed in by. One of two at the same time finds that the other has done it.
   *
   * @throws InvalidTokenError where it had ended before
   */
  async endOwn(signIn: SignIn): Promise<void> {
    const { userId, sessionId, issuedAt } = signIn;
    const reference = signInReference(signIn);
    await this.signIns.confirm(signIn);
    if (sessionId === undefined) {
      // The session that it became goes first: once the token has ended, nobody could ask with it for the rest.
      if (await this.repository.findById(reference, true)) await this.repository.delete(reference, userId);
      await this.endToken(userId, issuedAt, reference);
      // And what a renewal has made meanwhile; an ended token becomes none.
      await this.repository.delete(reference, userId);
    } else {
      await this.remove(userId, sessionId);
    }
    this.signIns.forgetSession(reference);
  }

  /**
   * Removes the caller's own session where nothing depends on it any more.
   *
   * @returns how many there were, 0 for a token of the older backend
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
   * Ends everything the user is signed in by but this. Costs 2 write units, however many there are, and 1 to read.
   *
   * @throws InvalidTokenError where this has ended itself
   */
  async endOthers(signIn: SignIn): Promise<void> {
    const account = await this.users.raiseGeneration(await this.signIns.prove(signIn), raiseFor(signIn));
    if (account) return this.signIns.remember(account);
    this.signIns.doubt(signIn.userId);
    throw new InvalidTokenError();
  }

  /**
   * Moves the end of a session to 30 days from now. A token of the older backend becomes a session, always the same.
   *
   * @returns the id of the session
   * @throws InvalidTokenError where it has ended
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

  private async renewToken(signIn: SignIn, device: string): Promise<string> {
    const proof = await this.signIns.prove(signIn);
    const { reference: sessionId, userId, issuedAt: tokenIssuedAt } = proof;
    const { account } = await this.signIns.confirm(signIn);
    if (await this.extend(sessionId, account)) return sessionId;
    const { generation } = account;
    const session = { ...beginning(nowSeconds()), sessionId, userId, device, generation, tokenIssuedAt };
    if (await this.signInRows.createFromToken(session, proof)) return sessionId;
    // Ended meanwhile, or another request with the token has just made the session.
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

  /** The token first: a process that stops in between leaves the session to end it by. */
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

/** What ends everything but this sign-in: also tokens of the older backend that a clock ahead of this one has dated. */
export function raiseFor(signIn: SignIn) {
  return { keptSignIn: signInReference(signIn), tokensValidFrom: nowSeconds() + LATEST_TOKEN_SECONDS };
}
