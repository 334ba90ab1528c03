import { type AppConfig, LOG_LEVELS } from './config.js';
import { availableCores } from './available-cores.js';
import { readDatabaseConfig, readStorageConfig } from './aws-config.js';
import { EnvironmentReader } from './environment-reader.js';
import { readLimits, readOverload, readQuota } from './limit-config.js';
import { readMetricsPort, readRedisUrl, readTrustProxy } from './network-config.js';
import { readPasswordConfig } from './password-config.js';
import { readSecretKeys } from './secret-keys.js';

export { readDatabaseConfig, readStorageConfig };

/**
 * The typed view of the environment, and the only reader of it.
 *
 * @param cores that all processes of the service together may keep busy
 * @throws ConfigurationError listing everything that is wrong
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  cores: number = availableCores(),
): AppConfig {
  const env = new EnvironmentReader(environment);
  // Unset means production: whoever forgets the variable gets the safe defaults.
  const nodeEnv = env.oneOf('NODE_ENV', ['production', 'development', 'test'], 'production');
  const workers = readWorkers(env, cores);
  const config: AppConfig = {
    nodeEnv,
    logLevel: env.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    host: env.text('HOST', '0.0.0.0', /^[\w.:-]+$/, 'a host name or an IP address'),
    port: env.integer('PORT', { default: 3000, min: 0, max: 65_535 }),
    corsOrigins: env.origins('CORS_ORIGINS'),
    ...readSecretKeys(env, nodeEnv),
    sessions: { cacheSeconds: env.integer('SESSION_CACHE_SECONDS', { default: 30, min: 0, max: 3600 }) },
    limits: readLimits(env, nodeEnv),
    ...readRedisUrl(env),
    ...readTrustProxy(env),
    ...readDatabaseConfig(env),
    ...readStorageConfig(env),
    quota: readQuota(env),
    passwords: readPasswordConfig(env, nodeEnv, { cores, workers }),
    overload: readOverload(env),
    ...readMetricsPort(env),
    cache: readCache(env),
    workers,
    shutdownGraceMs: env.integer('SHUTDOWN_GRACE_MS', { default: 1000, min: 0, max: 60_000 }),
    warnings: env.warnings,
  };
  env.finish();
  return config;
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
