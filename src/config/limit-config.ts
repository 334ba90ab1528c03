import type { AppConfig, LimitConfig, LimitStore, OverloadConfig, QuotaConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';

/** In seconds. */
const MINUTE = 60;

/** What one user may keep. */
export function readQuota(env: EnvironmentReader): QuotaConfig {
  const limit = (name: string) =>
    env.optional(name) === undefined
      ? undefined
      : env.integer(name, { default: 0, min: 1, max: 999_999_999_999_999 });
  const [maxFiles, maxBytes] = [limit('MAX_FILES_PER_USER'), limit('MAX_BYTES_PER_USER')];
  return { ...(maxFiles !== undefined && { maxFiles }), ...(maxBytes !== undefined && { maxBytes }) };
}

/** How often something may be asked for. */
export function readLimits(env: EnvironmentReader, nodeEnv: AppConfig['nodeEnv']): LimitConfig {
  const points = (name: string, fallback: number) =>
    env.integer(name, { default: fallback, min: 1, max: 1_000_000 });
  return {
    enabled: env.oneOf('RATE_LIMIT', ['on', 'off'], nodeEnv === 'production' ? 'on' : 'off') === 'on',
    store: readStore(env),
    register: { points: points('RATE_LIMIT_REGISTER', 5), seconds: MINUTE },
    login: { points: points('RATE_LIMIT_LOGIN', 10), seconds: MINUTE },
    create: { points: points('RATE_LIMIT_CREATE', 30), seconds: MINUTE },
    batch: { points: points('RATE_LIMIT_BATCH', 10), seconds: MINUTE },
    usage: { points: points('RATE_LIMIT_USAGE', 10), seconds: MINUTE },
    costlyRead: { points: points('RATE_LIMIT_COSTLY_READ', 60), seconds: MINUTE },
    loginFailuresByAddress: { points: points('RATE_LIMIT_FAILURES_BY_ADDRESS', 5), seconds: 15 * MINUTE },
    loginFailures: { points: points('RATE_LIMIT_FAILURES', 10), seconds: 15 * MINUTE },
  };
}

/** A function on Lambda has many processes and nothing but the tables that they share. */
function readStore(env: EnvironmentReader): LimitStore {
  const hasRedis = env.optional('REDIS_URL') !== undefined;
  const isLambda = env.optional('AWS_LAMBDA_FUNCTION_NAME') !== undefined;
  const fallback = hasRedis ? 'redis' : isLambda ? 'dynamodb' : 'memory';
  const store = env.oneOf('LIMIT_STORE', ['memory', 'redis', 'dynamodb'], fallback);
  if (store === 'redis' && !hasRedis) env.problem('REDIS_URL', 'set where LIMIT_STORE is redis');
  return store;
}

/** From when on a process turns requests away. */
export function readOverload(env: EnvironmentReader, serverless: boolean): OverloadConfig {
  return {
    // A process that was frozen would take that for a lag.
    maxLagMs: env.integer('MAX_EVENT_LOOP_LAG_MS', { default: serverless ? 0 : 250, min: 0, max: 60_000 }),
    maxInFlight: env.integer('MAX_REQUESTS_IN_FLIGHT', { default: 512, min: 0, max: 1_000_000 }),
    maxUnsentMib: env.integer('MAX_UNSENT_MIB', { default: 32, min: 0, max: 1_000_000 }),
    maxArriving: env.integer('MAX_REQUESTS_ARRIVING', { default: 512, min: 0, max: 1_000_000 }),
    maxCostlyReads: env.integer('MAX_COSTLY_READS', { default: 24, min: 0, max: 1_000_000 }),
    maxCostlyReadsOfUser: env.integer('MAX_COSTLY_READS_OF_USER', { default: 6, min: 0, max: 1_000_000 }),
  };
}
