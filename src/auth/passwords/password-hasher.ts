import { randomBytes } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import argon2 from 'argon2';
import { Logger } from '../../common/logging/logger.js';
import { AppConfig } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { FailurePace } from './failure-pace.js';
import { HashQueue } from './hash-queue.js';

/**
 * Argon2id behind a queue. Passwords are taken as they come, as raw UTF-8: hashes of the older backend were made so.
 * Every method throws `UnavailableError` when the queue is full.
 */
@Injectable()
export class PasswordHasher {
  private readonly queue: HashQueue;
  private readonly options: argon2.Options & { raw?: false };
  /** The hash of a password that nobody knows, to spend the same time on an unknown account. */
  private decoy: string | undefined;
  private readonly pace = new FailurePace();

  constructor(
    private readonly config: AppConfig,
    private readonly logger: Logger,
    @Optional() metrics?: Metrics,
  ) {
    const { memoryKib, timeCost, parallelism, concurrency, maxWaitMs } = config.passwords;
    this.queue = new HashQueue(concurrency, maxWaitMs, (waitedMs) => metrics?.hashWait(waitedMs));
    metrics?.watch('password_hash_queue_depth', 'Hashes that wait for their turn', () => this.queue.depth);
    this.options = { type: argon2.argon2id, memoryCost: memoryKib, timeCost, parallelism };
  }

  /** @throws UnavailableError where a hash would be refused now */
  assertRoom(): void {
    this.queue.assertRoom();
  }

  /**
   * Does work after which a password will be hashed or verified, and keeps a place for that meanwhile.
   *
   * @throws UnavailableError before the work, where a hash would be refused
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    return this.queue.admit(work);
  }

  /** A new hash with the parameters of the configuration, in PHC string format. */
  async hash(password: string): Promise<string> {
    const phc = await this.queue.run(() => argon2.hash(password, this.options));
    // The package sorts the parameters by name. The reference decoder, which the older backend reads hashes with, takes
    // them in the order of the format only: m, t, p.
    return phc.replace(/(,p=\d+)(,t=\d+)/, '$2$1');
  }

  /** Whether a hash took less work than a new one would, or is of another kind than Argon2id. */
  isWeak(phc: string): boolean {
    const match = /^\$argon2id\$v=\d+\$(.*)\$.*\$/.exec(phc);
    const parameters = new Map(match?.[1]?.split(',').map((pair) => pair.split('=') as [string, string]));
    const work = Number(parameters.get('m')) * Number(parameters.get('t'));
    // Written so that a hash whose parameters cannot be read counts as weak.
    return !(work >= this.config.passwords.memoryKib * this.config.passwords.timeCost);
  }

  /**
   * Whether the password belongs to the hash. Without a hash it does the same work and says no; every no takes the same
   * time, see {@link FailurePace}.
   *
   * @param phc Argon2 in PHC string format, any parameters; `undefined` where there is no such account
   */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    // Made before the queue, so that the first unknown email does not take two turns.
    this.decoy ??= await argon2.hash(randomBytes(32), this.options);
    const decoy = this.decoy;
    const { matches, durationMs } = await this.queue.run(async () => {
      const started = performance.now();
      return { matches: await this.check(phc, decoy, password), durationMs: performance.now() - started };
    });
    this.pace.note(durationMs);
    if (!matches) await this.pace.hold(durationMs);
    return matches;
  }

  private async check(phc: string | undefined, decoy: string, password: string): Promise<boolean> {
    try {
      if (phc?.startsWith('$argon2')) return await argon2.verify(phc, password);
      if (phc !== undefined) throw new TypeError('Not an Argon2 hash');
    } catch (error) {
      // Not Argon2, or damaged. Whoever owns it cannot sign in, and nobody learns that there is such an account.
      this.logger.error({ err: error }, 'a stored password hash cannot be read');
    }
    await argon2.verify(decoy, password);
    return false;
  }
}
