import { randomBytes } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import { Logger } from '../../common/logging/logger.js';
import { AppConfig, type PasswordConfig } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { chooseEngine, type Argon2Engine, type Argon2Parameters } from './argon2-engine.js';
import { FailurePadding } from './failure-padding.js';
import { HashQueue } from './hash-queue.js';
import { readPhc, workOf } from './phc.js';

/**
 * The work for measuring the speed of the machine: a tenth of a hash of the older backend. Much smaller ones fit in the
 * CPU caches and suggest three times the speed.
 */
const PROBE = { memoryKib: 16_384, timeCost: 1, parallelism: 1 };
/** Hashing threads have a low priority: a single measurement may be that of a busy machine. */
const PROBES = 3;

/** A check and its work. */
interface Check {
  readonly matches: boolean;
  readonly work: number;
}

/**
 * Argon2id behind a queue, with the fastest engine (see `chooseEngine`). Passwords are hashed as raw UTF-8, like those
 * of the older backend. Every method throws `UnavailableError` if the queue is full.
 */
@Injectable()
export class PasswordHasher {
  private readonly queue: HashQueue;
  private readonly parameters: Argon2Parameters;
  /** A hash without a known password, to spend the same time for an unknown account. */
  private readonly decoy: string;
  private readonly ownWork: number;
  private readonly padding: FailurePadding;

  constructor(
    { passwords }: AppConfig,
    private readonly logger: Logger,
    @Optional() metrics?: Metrics,
  ) {
    const { memoryKib, timeCost, parallelism, concurrency, maxWaitMs } = passwords;
    this.queue = new HashQueue(concurrency, maxWaitMs, (waitedMs) => metrics?.hashWait(waitedMs));
    metrics?.watch('password_hash_queue_depth', 'Hashes that wait for their turn', () => this.queue.depth);
    this.parameters = { memoryKib, timeCost, parallelism };
    this.decoy = decoyHash(passwords);
    this.ownWork = workOf(passwords);
    this.padding = new FailurePadding(passwords.largestWork);
  }

  /** @throws UnavailableError if a hash would be refused now */
  assertCapacity(): void {
    this.queue.assertCapacity();
  }

  /**
   * Runs work after which a password will be hashed or verified, and reserves a slot for that meanwhile.
   *
   * @throws UnavailableError before the work, if a hash would be refused
   */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    return this.queue.admit(work);
  }

  /** A new hash with the parameters of the configuration, in PHC string format. */
  async hash(password: string): Promise<string> {
    return this.queue.run(async () => {
      const engine = await chooseEngine(this.logger);
      return engine.hash(password, this.parameters);
    });
  }

  /** Whether a hash took less work than a new one would, or is not Argon2id. */
  isWeak(phc: string): boolean {
    const { kind, work } = readPhc(phc);
    // A hash whose parameters cannot be read counts as weak.
    return kind !== 'argon2id' || !(work >= this.ownWork);
  }

  /**
   * Whether the password matches the hash. Without a hash it does the same work and returns false. Every false result
   * takes the same time, see {@link FailurePadding}.
   *
   * @param phc Argon2 in PHC string format, any parameters; `undefined` if there is no such account
   */
  async verify(phc: string | undefined, password: string): Promise<boolean> {
    const { matches, work, durationMs } = await this.queue.run(async () => {
      const engine = await chooseEngine(this.logger);
      await this.padding.calibrate(() => msPerUnit(engine));
      const started = performance.now();
      return { ...(await this.check(engine, phc, password)), durationMs: performance.now() - started };
    });
    this.padding.note(durationMs, work);
    if (!matches) await this.padding.pad(durationMs);
    return matches;
  }

  private async check(engine: Argon2Engine, phc: string | undefined, password: string): Promise<Check> {
    try {
      if (phc?.startsWith('$argon2')) {
        return { matches: await engine.verify(phc, password), work: readPhc(phc).work || this.ownWork };
      }
      if (phc !== undefined) throw new TypeError('Not an Argon2 hash');
    } catch (error) {
      // Not Argon2, or malformed. The owner cannot sign in, and nobody learns that the account exists.
      this.logger.error({ err: error }, 'a stored password hash cannot be read');
    }
    await engine.verify(this.decoy, password);
    return { matches: false, work: this.ownWork };
  }
}

/**
 * A hash in PHC string format without a password: salt and digest are random. Creating it costs nothing, and verifying
 * it costs as much as any other hash.
 */
function decoyHash({ memoryKib, timeCost, parallelism }: PasswordConfig): string {
  const [salt, digest] = [16, 32].map((bytes) => randomBytes(bytes).toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=${memoryKib},t=${timeCost},p=${parallelism}$${salt}$${digest}`;
}

/** The minimum of several measurements of the time for one KiB in one pass; milliseconds. */
async function msPerUnit(engine: Argon2Engine): Promise<number> {
  let best = Infinity;
  for (let n = 0; n < PROBES; n++) {
    const started = performance.now();
    await engine.hash('', PROBE);
    best = Math.min(best, performance.now() - started);
  }
  return best / workOf(PROBE);
}
