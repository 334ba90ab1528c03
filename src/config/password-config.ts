import type { AppConfig, PasswordConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

/**
 * libuv runs file-system and DNS calls on the same threads as Argon2. One of them stays free, so that a flood of logins
 * cannot block DNS resolution.
 */
const RESERVED_THREADS = 1;

/** Defaults of the older backend: 64 MiB in KiB, three passes. */
const OLDER_WORK = 65_536 * 3;

const MOST = 1024;

/** Resources of the machine for hashes. */
export interface HashMachine {
  /** Cores that all processes together may use. */
  readonly cores: number;
  readonly workers: number;
}

/** Configuration of passwords. The hashes of all workers together use no more cores than there are. */
export function readPasswordConfig(
  env: EnvironmentReader,
  nodeEnv: AppConfig['nodeEnv'],
  machine: HashMachine,
): PasswordConfig {
  const poolThreads = env.integer('UV_THREADPOOL_SIZE', { default: 4, min: 1, max: 1024 });
  const memoryKib = env.integer('ARGON2_MEMORY_KIB', { default: 19_456, min: 1024, max: 4_194_304 });
  const timeCost = env.integer('ARGON2_TIME_COST', { default: 2, min: 1, max: 100 });
  return {
    memoryKib,
    timeCost,
    parallelism: env.integer('ARGON2_PARALLELISM', { default: 1, min: 1, max: 64 }),
    // Failures take as long as the most expensive hash. Tests have cheap hashes and no time to wait.
    largestWork: Math.max(memoryKib * timeCost, nodeEnv === 'test' ? 0 : OLDER_WORK),
    poolThreads,
    concurrency: readConcurrency(env, poolThreads, machine),
    maxWaitMs: env.integer('HASH_MAX_WAIT_MS', { default: 2000, min: 0, max: 60_000 }),
    blockCommon:
      env.oneOf('PASSWORD_BLOCKLIST', ['common', 'off'], nodeEnv === 'production' ? 'common' : 'off') ===
      'common',
  };
}

function readConcurrency(env: EnvironmentReader, poolThreads: number, machine: HashMachine): number {
  const { cores, workers } = machine;
  const threads = Math.max(1, poolThreads - RESERVED_THREADS);
  const share = Math.max(1, Math.floor(cores / workers));
  const asked = env.integer('HASH_CONCURRENCY', { default: Math.min(share, threads), min: 1, max: MOST });
  if (asked > threads && asked <= MOST) {
    env.problem(
      'HASH_CONCURRENCY',
      `at most ${threads} where UV_THREADPOOL_SIZE is ${poolThreads}: one thread is for everything else`,
    );
  }
  if (asked <= share) return asked;
  // Not an error: the same settings may run on machines of several sizes.
  env.warning(
    `HASH_CONCURRENCY is ${share} instead of ${asked}: ${workers} × ${asked} hashes at once are more than ${cores} cores compute`,
  );
  return share;
}
