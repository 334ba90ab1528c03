import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConflictError } from '../common/errors/domain-errors.js';
import { nowSeconds } from '../common/time.js';
import type { NewUser, User } from './user.js';
import { UsersRepository } from './users.repository.js';

const KEY_SALT_BYTES = 32;

/** The rules of accounts. Emails are expected trimmed and in lower case. */
@Injectable()
export class UsersService {
  constructor(private readonly users: UsersRepository) {}

  /**
   * Refuses an email that is known to be taken, before any costly work. `create` decides.
   *
   * @throws ConflictError `User already exists`
   */
  async assertEmailIsFree(email: string): Promise<void> {
    if ((await this.users.findIdInEmailIndex(email)) !== undefined) throw alreadyExists();
  }

  /**
   * Makes an account, at most one for an email however many requests race for it.
   *
   * @throws ConflictError `User already exists`
   */
  async create(email: string, passwordHash: string): Promise<User> {
    const user: NewUser = {
      userId: randomUUID(),
      email,
      passwordHash,
      keySalt: randomBytes(KEY_SALT_BYTES),
      createdAt: nowSeconds(),
    };
    if (!(await this.users.create(user))) throw alreadyExists();
    return { ...user, generation: 0, keptSignIn: undefined, tokensValidFrom: 0 };
  }

  /**
   * The account with this email, as it is now: the index gives the id, a consistent read the account. An account too
   * young for the index is found by its reservation.
   */
  async findByEmail(email: string): Promise<User | undefined> {
    const userId =
      (await this.users.findIdInEmailIndex(email)) ?? (await this.users.findIdByReservation(email));
    const user = userId === undefined ? undefined : await this.users.findById(userId);
    return user?.email === email ? user : undefined;
  }
}

function alreadyExists(): ConflictError {
  return new ConflictError('User already exists');
}
