import { BlockList, isIP } from 'node:net';
import { type AppConfig, type AwsConfig, type LimitConfig, LOG_LEVELS, type QuotaConfig } from './config.js';
import { availableCores } from './available-cores.js';
import { EnvironmentReader } from './environment-reader.js';
import { readPasswordConfig } from './password-config.js';
import { readSecretKeys } from './secret-keys.js';
import { DEFAULT_TABLE_NAMES, forEachTable, type TableNames, tableVariable } from './table-names.js';

/** In seconds. */
const MINUTE = 60;

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
    overload: {
      maxLagMs: env.integer('MAX_EVENT_LOOP_LAG_MS', { default: 250, min: 0, max: 60_000 }),
      maxInFlight: env.integer('MAX_REQUESTS_IN_FLIGHT', { default: 512, min: 0, max: 1_000_000 }),
      maxUnsentMib: env.integer('MAX_UNSENT_MIB', { default: 32, min: 0, max: 1_000_000 }),
      maxArriving: env.integer('MAX_REQUESTS_ARRIVING', { default: 512, min: 0, max: 1_000_000 }),
      maxCostlyReads: env.integer('MAX_COSTLY_READS', { default: 24, min: 0, max: 1_000_000 }),
      maxCostlyReadsOfUser: env.integer('MAX_COSTLY_READS_OF_USER', { default: 6, min: 0, max: 1_000_000 }),
    },
    ...readMetricsPort(env),
    cache: readCache(env),
    workers,
    shutdownGraceMs: env.integer('SHUTDOWN_GRACE_MS', { default: 1000, min: 0, max: 60_000 }),
    warnings: env.warnings,
  };
  env.finish();
  return config;
}

/** What a command that only talks to the database has to know: no token key among it. */
export function readDatabaseConfig(env: EnvironmentReader): Pick<AppConfig, 'aws' | 'tables' | 'database'> {
  const endpoint = env.endpoint('DYNAMODB_ENDPOINT');
  return {
    aws: {
      region: env.text('REGION_NAME', 'us-east-1', /^[a-z0-9-]{1,40}$/, 'an AWS region such as us-east-1'),
      ...readCredentials(env),
    },
    tables: readTableNames(env),
    database: {
      budgetMs: env.integer('DATABASE_BUDGET_MS', { default: 1500, min: 100, max: 60_000 }),
      pauseMs: readPause(env),
      ...(endpoint && { endpoint }),
    },
  };
}

function readTableNames(env: EnvironmentReader): TableNames {
  return forEachTable((table) =>
    env.text(
      tableVariable(table),
      DEFAULT_TABLE_NAMES[table],
      /^[\w.-]{3,255}$/,
      '3 to 255 letters, digits, "_", "-" or "."',
    ),
  );
}

/** What a command that talks to the object store has to know besides. */
export function readStorageConfig(env: EnvironmentReader): Pick<AppConfig, 'storage'> {
  const endpoint = env.endpoint('S3_ENDPOINT');
  const bucket = env.optional('AWS_S3_BUCKET_NAME');
  if (bucket !== undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    env.problem('AWS_S3_BUCKET_NAME', 'a bucket name: 3 to 63 lower-case letters, digits, "-" or "."');
  }
  return {
    storage: {
      audioFolder: env.text(
        'AWS_S3_AUDIO_FOLDER',
        'audio_upload',
        /^[\w-]+(\/[\w-]+)*$/,
        'a folder such as audio_upload, without a slash at either end',
      ),
      conditionalWrites: env.oneOf('S3_CONDITIONAL_WRITES', ['on', 'off'], 'on') === 'on',
      budgetMs: env.integer('STORAGE_BUDGET_MS', { default: 2000, min: 100, max: 60_000 }),
      pauseMs: readPause(env),
      ...(bucket && { bucket }),
      ...(endpoint && { endpoint }),
    },
  };
}

function readPause(env: EnvironmentReader): number {
  return env.integer('CIRCUIT_PAUSE_MS', { default: 500, min: 0, max: 60_000 });
}

function readMetricsPort(env: EnvironmentReader): Pick<AppConfig, 'metricsPort'> {
  if (env.optional('METRICS_PORT') === undefined) return {};
  return { metricsPort: env.integer('METRICS_PORT', { default: 0, min: 0, max: 65_535 }) };
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

function readQuota(env: EnvironmentReader): QuotaConfig {
  const limit = (name: string) =>
    env.optional(name) === undefined
      ? undefined
      : env.integer(name, { default: 0, min: 1, max: 999_999_999_999_999 });
  const [maxFiles, maxBytes] = [limit('MAX_FILES_PER_USER'), limit('MAX_BYTES_PER_USER')];
  return { ...(maxFiles !== undefined && { maxFiles }), ...(maxBytes !== undefined && { maxBytes }) };
}

function readLimits(env: EnvironmentReader, nodeEnv: AppConfig['nodeEnv']): LimitConfig {
  const points = (name: string, fallback: number) =>
    env.integer(name, { default: fallback, min: 1, max: 1_000_000 });
  return {
    enabled: env.oneOf('RATE_LIMIT', ['on', 'off'], nodeEnv === 'production' ? 'on' : 'off') === 'on',
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

function readRedisUrl(env: EnvironmentReader): Pick<AppConfig, 'redisUrl'> {
  const redisUrl = env.optional('REDIS_URL');
  if (
    redisUrl !== undefined &&
    !/^rediss?:$/.test(URL.canParse(redisUrl) ? new URL(redisUrl).protocol : '')
  ) {
    env.problem('REDIS_URL', 'a URL such as redis://127.0.0.1:6379');
  }
  return redisUrl === undefined ? {} : { redisUrl };
}

/** Never "everything": whoever may name any address has no limits. */
function readTrustProxy(env: EnvironmentReader): Pick<AppConfig, 'trustProxy'> {
  const value = env.optional('TRUST_PROXY');
  if (value === undefined) return {};
  // So many hops that no deployment has them would trust whatever a client writes.
  if (/^\d$/.test(value)) return { trustProxy: Number(value) };
  const networks = env.list('TRUST_PROXY');
  if (!networks.every(isNetwork)) {
    env.problem(
      'TRUST_PROXY',
      'a number of hops up to 9, or networks such as 10.0.0.0/8 separated by commas, none of them very wide',
    );
  }
  return { trustProxy: networks };
}

function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) return false;
  return Number(bits) >= (version === 4 ? 8 : isAlsoIPv4(address, Number(bits)) ? 104 : 7);
}

/** Networks of IPv6 that all of IPv4 is written in: mapped, translated by NAT64 (RFC 6052, RFC 8215) or SIIT, compatible. */
const IPV4_WITHIN = [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['::ffff:0:0:0', 96],
  ['::', 96],
] as const;

/** Whether an IPv6 network has IPv4 addresses in it (`::ffff:192.0.2.1`), by which those are trusted too. */
function isAlsoIPv4(address: string, bits: number): boolean {
  const network = new BlockList();
  network.addSubnet(address, bits, 'ipv6');
  return IPV4_WITHIN.some(([start, length]) => {
    const within = new BlockList();
    within.addSubnet(start, length, 'ipv6');
    return network.check(start, 'ipv6') || within.check(address, 'ipv6');
  });
}

function readCredentials(env: EnvironmentReader): Pick<AwsConfig, 'credentials'> {
  const accessKeyId = env.optional('AWS_ACCESS_KEY_ID');
  const secretAccessKey = env.optional('AWS_SECRET_ACCESS_KEY');
  // A session token marks temporary credentials, which the SDK's chain reads from the environment whole.
  if (env.optional('AWS_SESSION_TOKEN')) return {};
  if (accessKeyId && secretAccessKey) return { credentials: { accessKeyId, secretAccessKey } };
  if (accessKeyId) env.problem('AWS_SECRET_ACCESS_KEY', 'set, as AWS_ACCESS_KEY_ID is');
  if (secretAccessKey) env.problem('AWS_ACCESS_KEY_ID', 'set, as AWS_SECRET_ACCESS_KEY is');
  return {};
}
