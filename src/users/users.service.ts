import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConflictError } from '../common/errors/domain-errors.js';
import { nowSeconds } from '../common/time.js';
import type { Email } from './email.js';
import type { NewUser, User } from './user.js';
import { UsersRepository } from './users.repository.js';

const KEY_SALT_BYTES = 32;

/**
 * How long a registration may be repeated with its idempotency key, in seconds: longer than any client retries, and an
 * end to what an old key is worth.
 */
const REPEATABLE_SECONDS = 24 * 60 * 60;

/** The email has an account. */
export class EmailTakenError extends ConflictError {
  /** @param holder the account, where it was read */
  constructor(readonly holder?: User) {
    super('User already exists');
  }
}

/**
 * The rules of accounts. A new account keeps its email in the canonical form; accounts of before may have one by the older
 * rule, and both forms are looked up where they differ. The older one comes first: where two accounts of before have
 * spellings of one address, each is found by its own.
 */
@Injectable()
export class UsersService {
  constructor(private readonly users: UsersRepository) {}

  /**
   * Refuses an email that is known to be taken, before any costly work. `create` decides. What the index says is
   * confirmed: it may still name an account that was just deleted. Costs 0.5 read units a form, and 1 where it is taken.
   *
   * @throws EmailTakenError
   */
  async assertEmailIsFree(email: Email): Promise<void> {
    const holder = await this.findByIndex(email);
    if (holder) throw new EmailTakenError(holder);
  }

  /**
   * Makes an account, at most one for an email however many requests race for it.
   *
   * @param idempotencyKey by which `findRegistered` knows the account again
   * @throws EmailTakenError
   */
  async create(email: Email, passwordHash: string, idempotencyKey?: string): Promise<User> {
    const user: NewUser = {
      userId: randomUUID(),
      email: email.canonical,
      passwordHash,
      keySalt: randomBytes(KEY_SALT_BYTES),
      createdAt: nowSeconds(),
      registrationKey: idempotencyKey === undefined ? undefined : registrationKeyOf(idempotencyKey),
    };
    if (!(await this.users.create(user, email.older))) throw new EmailTakenError();
    return { ...user, generation: 0, keptSignIn: undefined, tokensValidFrom: 0 };
  }

  /**
   * The account with this email, as it is now: the index gives the id, a consistent read the account. An account too
   * young for the index, which may still name one that is gone, is found by its claim.
   */
  async findByEmail(email: Email): Promise<User | undefined> {
    return (await this.findByIndex(email)) ?? this.findByEmailClaim(email);
  }

  /**
   * The account that a registration of the last 24 hours with this email and idempotency key made. Both reads are
   * consistent, since the account may be moments old. Costs 1 read unit a form and 1, or none where the account is known.
   *
   * @param holder the account with this email, where it was just read
   * @throws UnavailableError where the database cannot be asked
   */
  async findRegistered(email: Email, idempotencyKey: string, holder?: User): Promise<User | undefined> {
    // Whatever was registered with a key has a claim; the index might still name an account that is gone.
    const user = holder ?? (await this.findByEmailClaim(email));
    const isSame =
      user?.registrationKey === registrationKeyOf(idempotencyKey) &&
      nowSeconds() - user.createdAt < REPEATABLE_SECONDS;
    return isSame ? user : undefined;
  }

  private async findByIndex({ forms }: Email): Promise<User | undefined> {
    return this.firstOf(forms, (form) => this.users.findIdInEmailIndex(form));
  }

  private async findByEmailClaim({ forms }: Email): Promise<User | undefined> {
    return this.firstOf(forms, (form) => this.users.findIdByEmailClaim(form));
  }

  private async firstOf(
    forms: readonly string[],
    findId: (form: string) => Promise<string | undefined>,
  ): Promise<User | undefined> {
    for (const form of forms) {
      const user = await this.confirmed(form, await findId(form));
      if (user) return user;
    }
    return undefined;
  }

  private async confirmed(email: string, userId: string | undefined): Promise<User | undefined> {
    const user = userId === undefined ? undefined : await this.users.findById(userId);
    return user?.email === email ? user : undefined;
  }
}

/** What of an idempotency key is kept: enough to know it again, and nothing of what the client put into it. */
function registrationKeyOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('base64url');
}
