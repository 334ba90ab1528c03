import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import argon2 from 'argon2';
import { Logger } from '../../common/logging/logger.js';
import { AppConfig } from '../../config/config.js';
import { HashQueue } from './hash-queue.js';

/**
 * Argon2id behind a queue. Passwords are taken as they come, as raw UTF-8: hashes of the older backend were made so.
 * Every method throws `UnavailableError` when the queue is full.
 */
@Injectable()
export class PasswordHasher {
  private readonly queue: HashQueue;
  private readonly options: argon2.HashOptions & { raw?: false };
  /** The hash of a password that nobody knows, to spend the same time on an unknown account. */
  private decoy: Promise<string> | undefined;

  constructor(
    config: AppConfig,
    private readonly logger: Logger,
  ) {
    const { memoryKib, timeCost, parallelism, concurrency, maxWaitMs } = config.passwords;
    this.queue = new HashQueue(concurrency, maxWaitMs);
    this.options = { type: argon2.argon2id, memoryCost: memoryKib, timeCost, parallelism };
  }

  /** A new hash with the parameters of the configuration, in PHC string format. */
  async hash(password: string): Promise<string> {
    return this.queue.run(() => argon2.hash(password, this.options));
  }

  /**
   * Whether the password belongs to the hash. Without a hash it does the same work and says no.
   *
   * @param phc Argon2 in PHC string format, any parameters; `undefined` where there is no such account
   */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const decoy = (this.decoy ??= argon2.hash(randomBytes(32), this.options));
    const known = phc !== undefined && phc.startsWith('$argon2');
    if (phc !== undefined && !known) this.logger.error({}, 'a stored password hash is not Argon2');
    const target = known ? phc : await decoy;
    const matches = await this.queue.run(() => argon2.verify(target, password));
    return matches && known;
  }
}
