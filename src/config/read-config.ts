import { LOG_LEVELS } from '../common/logging/log-level.js';
import type { AppConfig } from './config.js';
import { availableCores } from './available-cores.js';
import { readDatabaseConfig, readStorageConfig } from './aws-config.js';
import { EnvironmentReader } from './environment-reader.js';
import { readLimits, readOverload, readQuota } from './limit-config.js';
import { readCorsOrigins, readHost, readRedisUrl, readTrustProxy } from './network-config.js';
import { readServerless } from './lambda-config.js';
import { readMetrics } from './metrics-config.js';
import { misspelledNames } from './misspelled-names.js';
import { readPasswordConfig } from './password-config.js';
import { readSecretKeys } from './secret-keys.js';
import { readShutdownConfig } from './shutdown-config.js';

export { readDatabaseConfig, readStorageConfig };

/** Names that `npm start` and similar commands read. */
const READ_ELSEWHERE = ['DATA_DIRECTORY'];

/**
 * The typed configuration. No other code reads the environment.
 *
 * @param cores that all processes of the service together may use
 * @throws ConfigurationError with all problems
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  cores: number = availableCores(),
): AppConfig {
  const env = new EnvironmentReader(environment);
  const config = readAll(env, cores);
  env.finish();
  misspelledNames(environment, knownNames()).forEach((line) => env.warning(line));
  return config;
}

/** Variables that are set and probably misspelled, one line for each. For commands, which read only some variables. */
export function misspellings(environment: Readonly<Record<string, string | undefined>>): string[] {
  return misspelledNames(environment, knownNames());
}

/** Every name with a meaning. */
function knownNames(): Set<string> {
  const env = new EnvironmentReader({});
  readAll(env, 1);
  return new Set([...env.asked, ...READ_ELSEWHERE]);
}

function readAll(env: EnvironmentReader, cores: number): AppConfig {
  // Unset means production, so that the defaults are safe.
  const nodeEnv = env.oneOf('NODE_ENV', ['production', 'development', 'test'], 'production');
  const workers = readWorkers(env, cores);
  const { serverless } = readServerless(env);
  return {
    nodeEnv,
    logLevel: env.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    host: readHost(env, 'HOST', '0.0.0.0'),
    port: env.integer('PORT', { default: 3000, min: 0, max: 65_535 }),
    corsOrigins: readCorsOrigins(env),
    ...readSecretKeys(env, nodeEnv),
    sessions: { cacheSeconds: env.integer('SESSION_CACHE_SECONDS', { default: 30, min: 0, max: 3600 }) },
    limits: readLimits(env, nodeEnv),
    ...readRedisUrl(env),
    ...readTrustProxy(env),
    ...readDatabaseConfig(env),
    ...readStorageConfig(env),
    quota: readQuota(env),
    passwords: readPasswordConfig(env, nodeEnv, { cores, workers }),
    overload: readOverload(env, serverless),
    ...readMetrics(env),
    cache: readCache(env),
    workers,
    ...readShutdownConfig(env),
    keepAliveMs: env.integer('KEEP_ALIVE_TIMEOUT_MS', { default: 65_000, min: 1000, max: 4_200_000 }),
    serverless,
    warnings: env.warnings,
  };
}

function readCache(env: EnvironmentReader): AppConfig['cache'] {
  const enabled = env.oneOf('CACHE', ['on', 'off'], 'off') === 'on';
  if (enabled && env.optional('REDIS_URL') === undefined) {
    env.problem('REDIS_URL', 'set where CACHE is on');
  }
  return { enabled };
}

/** `auto`: one for each core. */
function readWorkers(env: EnvironmentReader, cores: number): number {
  if (env.optional('WORKERS') === 'auto') return cores;
  return env.integer('WORKERS', { default: 1, min: 1, max: 256 });
}
