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
 * What the speed of the machine is estimated from: a tenth of a hash of the older backend. Much smaller ones fit in the
 * caches of the processor, and promise three times the speed.
 */
const PROBE = { memoryKib: 16_384, timeCost: 1, parallelism: 1 };
/** Threads that hash give way to everything else: one time alone may be that of a busy machine. */
const PROBES = 3;

/** A check, and the work it was. */
interface Check {
  readonly matches: boolean;
  readonly work: number;
}

/**
 * Argon2id behind a queue, by the fastest engine there is (see `chooseEngine`). Passwords are taken as they come, as raw
 * UTF-8: hashes of the older backend were made so.
 * Every method throws `UnavailableError` when the queue is full.
 */
@Injectable()
export class PasswordHasher {
  private readonly queue: HashQueue;
  private readonly parameters: Argon2Parameters;
  /** The hash of a password that nobody knows, to spend the same time on an unknown account. */
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

  /** @throws UnavailableError where a hash would be refused now */
  assertCapacity(): void {
    this.queue.assertCapacity();
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
    return this.queue.run(async () => {
      const engine = await chooseEngine(this.logger);
      return engine.hash(password, this.parameters);
    });
  }

  /** Whether a hash took less work than a new one would, or is of another kind than Argon2id. */
  isWeak(phc: string): boolean {
    const { kind, work } = readPhc(phc);
    // Written so that a hash whose parameters cannot be read counts as weak.
    return kind !== 'argon2id' || !(work >= this.ownWork);
  }

  /**
   * Whether the password belongs to the hash. Without a hash it does the same work and says no; every no takes the same
   * time, see {@link FailurePadding}.
   *
   * @param phc Argon2 in PHC string format, any parameters; `undefined` where there is no such account
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
      // Not Argon2, or damaged. Whoever owns it cannot sign in, and nobody learns that there is such an account.
      this.logger.error({ err: error }, 'a stored password hash cannot be read');
    }
    await engine.verify(this.decoy, password);
    return { matches: false, work: this.ownWork };
  }
}

/**
 * A hash in PHC string format that is of no password: salt and digest are random. It costs nothing to make, and as much
 * as any other to verify.
 */
function decoyHash({ memoryKib, timeCost, parallelism }: PasswordConfig): string {
  const [salt, digest] = [16, 32].map((bytes) => randomBytes(bytes).toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=${memoryKib},t=${timeCost},p=${parallelism}$${salt}$${digest}`;
}

/** How long this machine takes for a KiB in one pass, at the best of a few times; milliseconds. */
async function msPerUnit(engine: Argon2Engine): Promise<number> {
  let best = Infinity;
  for (let n = 0; n < PROBES; n++) {
    const started = performance.now();
    await engine.hash('', PROBE);
    best = Math.min(best, performance.now() - started);
  }
  return best / workOf(PROBE);
}
