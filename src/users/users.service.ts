import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConflictError } from '../common/errors/domain-errors.js';
import { nowSeconds } from '../common/time.js';
import type { Email } from './email.js';
import type { NewUser, User } from './user.js';
import { UsersRepository } from './users.repository.js';

const KEY_SALT_BYTES = 32;

/**
 * How long a registration can be repeated with its idempotency key, in seconds: longer than any client retries, and a
 * limit for the use of an old key.
 */
const REPEATABLE_SECONDS = 24 * 60 * 60;

/** The email has an account. */
export class EmailTakenError extends ConflictError {
  /** @param holder the account, if it was read */
  constructor(readonly holder?: User) {
    super('User already exists');
  }
}

/**
 * The rules of accounts. New accounts store their email in the canonical form. Earlier accounts may have the form of
 * the older rule, so both forms are looked up if they differ. The older form is first: if two earlier accounts have
 * spellings of the same address, each is found by its own.
 */
@Injectable()
export class UsersService {
  constructor(private readonly users: UsersRepository) {}

  /**
   * Refuses an email that is known to be taken, before any expensive work. The condition of `create` decides. A result
   * of the index is confirmed, because it may still contain an account that was just deleted. Costs 0.5 read units a
   * form, and 1 if it is taken.
   *
   * @throws EmailTakenError
   */
  async assertEmailIsFree(email: Email): Promise<void> {
    const holder = await this.findByIndex(email);
    if (holder) throw new EmailTakenError(holder);
  }

  /**
   * Creates an account, at most one for an email, even under concurrent requests.
   *
   * @param idempotencyKey by which `findRegistered` recognizes the account
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
   * The account with this email: the index returns the id, and a consistent read the account. If the account is too new
   * for the index, which may still contain a deleted one, the claim finds it.
   */
  async findByEmail(email: Email): Promise<User | undefined> {
    return (await this.findByIndex(email)) ?? this.findByEmailClaim(email);
  }

  /**
   * The account that a registration of the last 24 hours with this email and idempotency key created. Both reads are
   * consistent, because the account may be new. Costs 1 read unit a form and 1, or none if the account is known.
   *
   * @param holder the account with this email, if it was just read
   * @throws UnavailableError if the database is unavailable
   */
  async findRegistered(email: Email, idempotencyKey: string, holder?: User): Promise<User | undefined> {
    // Every account that was registered with a key has a claim. The index might still contain a deleted account.
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

/** The stored form of an idempotency key: a hash, without anything that the client put into the key. */
function registrationKeyOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('base64url');
}
