import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readConfig, readDatabaseConfig } from './read-config.js';
import { DEFAULT_TABLE_NAMES } from './table-names.js';
import { availableCores } from './available-cores.js';
import { ConfigurationError, EnvironmentReader } from './environment-reader.js';

const SECRET = 'f1d2d2f924e986ac86fdf7b36c94bcdf';
const OLDER_SECRET = 'e242ed3bffccdf271b7fbaf34ed72d08';
const OLDEST_SECRET = '6a7d5c2b9e1f4830a7c6d5e4f3b2a190';
const production = { SECRET_KEY: SECRET, UV_THREADPOOL_SIZE: '4' };

/** The lines that an environment is refused with; none when it is accepted. */
function problems(environment: Record<string, string>): readonly string[] {
  try {
    readConfig({ ...production, ...environment });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('readConfig', () => {
  it('needs nothing but the token key, and is production then', () => {
    const { passwords, ...config } = readConfig(production);
    expect(config).toEqual({
      nodeEnv: 'production',
      logLevel: 'info',
      host: '0.0.0.0',
      port: 3000,
      corsOrigins: [],
      secretKey: SECRET,
      previousSecretKeys: [],
      sessions: { cacheSeconds: 30 },
      limits: {
        enabled: true,
        register: { points: 5, seconds: 60 },
        login: { points: 10, seconds: 60 },
        create: { points: 30, seconds: 60 },
        batch: { points: 10, seconds: 60 },
        usage: { points: 10, seconds: 60 },
        costlyRead: { points: 60, seconds: 60 },
        loginFailuresByAddress: { points: 5, seconds: 900 },
        loginFailures: { points: 10, seconds: 900 },
      },
      aws: { region: 'us-east-1' },
      tables: DEFAULT_TABLE_NAMES,
      database: { budgetMs: 1500, pauseMs: 500 },
      storage: {
        audioFolder: 'audio_upload',
        earlierAudioFolders: [],
        conditionalWrites: true,
        budgetMs: 2000,
        pauseMs: 500,
      },
      quota: {},
      overload: {
        maxLagMs: 250,
        maxInFlight: 512,
        maxArriving: 512,
        maxUnsentMib: 32,
        maxCostlyReads: 24,
        maxCostlyReadsOfUser: 6,
      },
      cache: { enabled: false },
      metricsHost: '127.0.0.1',
      workers: 1,
      keepAliveMs: 65_000,
      shutdownGraceMs: 1000,
      shutdownDrainMs: 25_000,
      warnings: [],
    });
    const { concurrency, ...parameters } = passwords;
    expect(parameters).toEqual({
      ...{
        memoryKib: 19_456,
        timeCost: 2,
        parallelism: 1,
        largestWork: 3 * 65_536,
        maxWaitMs: 2000,
        blockCommon: true,
        poolThreads: 4,
      },
    });
    expect(concurrency).toBeGreaterThanOrEqual(1);
    expect(concurrency).toBeLessThanOrEqual(3);
  });

  it('takes every value from the environment', () => {
    const environment = {
      NODE_ENV: 'development',
      LOG_LEVEL: 'debug',
      HOST: '::1',
      PORT: '8080',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:5173',
      SECRET_KEY: SECRET,
      SECRET_KEY_PREVIOUS: JSON.stringify([OLDER_SECRET, OLDEST_SECRET]),
      SESSION_CACHE_SECONDS: '0',
      RATE_LIMIT: 'on',
      RATE_LIMIT_REGISTER: '1',
      RATE_LIMIT_LOGIN: '2',
      RATE_LIMIT_CREATE: '3',
      RATE_LIMIT_BATCH: '6',
      RATE_LIMIT_USAGE: '7',
      RATE_LIMIT_COSTLY_READ: '8',
      RATE_LIMIT_FAILURES_BY_ADDRESS: '4',
      RATE_LIMIT_FAILURES: '5',
      REDIS_URL: 'rediss://cache.example.com:6380/1',
      TRUST_PROXY: '10.0.0.0/8, ::1, loopback',
      REGION_NAME: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      USERS_TABLE: 'users',
      AUDIO_FILES_TABLE: 'audio.files',
      SESSIONS_TABLE: 'sessions',
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000',
      DATABASE_BUDGET_MS: '700',
      AWS_S3_BUCKET_NAME: 'bucket',
      AWS_S3_AUDIO_FOLDER: 'uploads/audio',
      S3_ENDPOINT: 'https://s3.internal',
      S3_PUBLIC_ENDPOINT: 'https://s3.example.com',
      STORAGE_BUDGET_MS: '800',
      S3_CONDITIONAL_WRITES: 'off',
      MAX_FILES_PER_USER: '5000',
      MAX_BYTES_PER_USER: '1099511627776',
      CIRCUIT_PAUSE_MS: '0',
      MAX_EVENT_LOOP_LAG_MS: '100',
      MAX_REQUESTS_IN_FLIGHT: '64',
      MAX_REQUESTS_ARRIVING: '32',
      MAX_UNSENT_MIB: '8',
      MAX_COSTLY_READS: '12',
      MAX_COSTLY_READS_OF_USER: '3',
      METRICS_PORT: '9464',
      METRICS_HOST: '10.0.0.7',
      CACHE: 'on',
      WORKERS: '3',
      ARGON2_MEMORY_KIB: '65536',
      ARGON2_TIME_COST: '3',
      ARGON2_PARALLELISM: '4',
      HASH_CONCURRENCY: '7',
      HASH_MAX_WAIT_MS: '0',
      PASSWORD_BLOCKLIST: 'common',
      KEEP_ALIVE_TIMEOUT_MS: '125000',
      SHUTDOWN_GRACE_MS: '5000',
      SHUTDOWN_DRAIN_MS: '45000',
      UV_THREADPOOL_SIZE: '8',
    };
    expect(readConfig(environment, 24)).toEqual({
      nodeEnv: 'development',
      logLevel: 'debug',
      host: '::1',
      port: 8080,
      corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
      secretKey: SECRET,
      previousSecretKeys: [OLDER_SECRET, OLDEST_SECRET],
      sessions: { cacheSeconds: 0 },
      redisUrl: 'rediss://cache.example.com:6380/1',
      limits: {
        enabled: true,
        register: { points: 1, seconds: 60 },
        login: { points: 2, seconds: 60 },
        create: { points: 3, seconds: 60 },
        batch: { points: 6, seconds: 60 },
        usage: { points: 7, seconds: 60 },
        costlyRead: { points: 8, seconds: 60 },
        loginFailuresByAddress: { points: 4, seconds: 900 },
        loginFailures: { points: 5, seconds: 900 },
      },
      trustProxy: ['10.0.0.0/8', '::1', 'loopback'],
      aws: { region: 'eu-central-1', credentials: { accessKeyId: 'id', secretAccessKey: 'secret' } },
      tables: { ...DEFAULT_TABLE_NAMES, users: 'users', audioFiles: 'audio.files', sessions: 'sessions' },
      database: { endpoint: 'http://127.0.0.1:8000', budgetMs: 700, pauseMs: 0 },
      storage: {
        bucket: 'bucket',
        endpoint: 'https://s3.internal',
        publicEndpoint: 'https://s3.example.com',
        audioFolder: 'uploads/audio',
        earlierAudioFolders: [],
        conditionalWrites: false,
        budgetMs: 800,
        pauseMs: 0,
      },
      quota: { maxFiles: 5000, maxBytes: 1_099_511_627_776 },
      passwords: {
        memoryKib: 65_536,
        timeCost: 3,
        parallelism: 4,
        largestWork: 3 * 65_536,
        poolThreads: 8,
        concurrency: 7,
        maxWaitMs: 0,
        blockCommon: true,
      },
      overload: {
        maxLagMs: 100,
        maxInFlight: 64,
        maxArriving: 32,
        maxUnsentMib: 8,
        maxCostlyReads: 12,
        maxCostlyReadsOfUser: 3,
      },
      metricsPort: 9464,
      metricsHost: '10.0.0.7',
      cache: { enabled: true },
      workers: 3,
      keepAliveMs: 125_000,
      shutdownGraceMs: 5000,
      shutdownDrainMs: 45_000,
      warnings: [],
    });
  });

  it.each([
    ['NODE_ENV', 'staging', 'one of production, development, test'],
    ['LOG_LEVEL', 'LOUD', 'one of fatal, error, warn, info, debug, trace, silent'],
    ['HOST', 'a host', 'a host name or an IP address'],
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '-1', 'a whole number from 0 to 65535'],
    ['PORT', '0x50', 'a whole number from 0 to 65535'],
    ['PORT', '80.5', 'a whole number from 0 to 65535'],
    ['PORT', ' 80', 'a whole number from 0 to 65535'],
    ['METRICS_PORT', '65536', 'a whole number from 0 to 65535'],
    ['WORKERS', '0', 'a whole number from 1 to 256'],
    ['WORKERS', 'all', 'a whole number from 1 to 256'],
    ['CACHE', 'yes', 'one of on, off'],
    ['CIRCUIT_PAUSE_MS', '60001', 'a whole number from 0 to 60000'],
    ['MAX_EVENT_LOOP_LAG_MS', '-1', 'a whole number from 0 to 60000'],
    ['MAX_REQUESTS_IN_FLIGHT', '1.5', 'a whole number from 0 to 1000000'],
    ['STORAGE_BUDGET_MS', '99', 'a whole number from 100 to 60000'],
    ['MAX_FILES_PER_USER', '0', 'a whole number from 1 to 999999999999999'],
    ['REGION_NAME', 'US East', 'an AWS region such as us-east-1'],
    ['USERS_TABLE', 'my users', '3 to 255 letters, digits, "_", "-" or "."'],
    ['AUDIO_FILES_TABLE', 'ab', '3 to 255 letters, digits, "_", "-" or "."'],
    ['DYNAMODB_ENDPOINT', '127.0.0.1:8000', 'a URL such as http://127.0.0.1:8000'],
    ['DYNAMODB_ENDPOINT', 'http://user:marker@127.0.0.1', 'a URL such as http://127.0.0.1:8000'],
    ['DYNAMODB_ENDPOINT', 'http://:marker@127.0.0.1', 'a URL such as http://127.0.0.1:8000'],
    ['DYNAMODB_ENDPOINT', 'ftp://127.0.0.1', 'a URL such as http://127.0.0.1:8000'],
    ['S3_ENDPOINT', 'http://127.0.0.1/path', 'a URL such as http://127.0.0.1:9000'],
    ['S3_PUBLIC_ENDPOINT', 's3.example.com', 'a URL such as https://audio.example.com'],
    ['METRICS_HOST', 'http://127.0.0.1', 'a host name or an IP address'],
    ['SHUTDOWN_DRAIN_MS', '999', 'a whole number from 1000 to 600000'],
    ['DATABASE_BUDGET_MS', '99', 'a whole number from 100 to 60000'],
    ['STORAGE_BUDGET_MS', '60001', 'a whole number from 100 to 60000'],
    ['S3_CONDITIONAL_WRITES', 'yes', 'one of on, off'],
    ['MAX_FILES_PER_USER', '0', 'a whole number from 1 to 999999999999999'],
    ['MAX_FILES_PER_USER', '-1', 'a whole number from 1 to 999999999999999'],
    ['MAX_BYTES_PER_USER', '1.5', 'a whole number from 1 to 999999999999999'],
    ['MAX_BYTES_PER_USER', '9007199254740992', 'a whole number from 1 to 999999999999999'],
    ['MAX_BYTES_PER_USER', '5 GB', 'a whole number from 1 to 999999999999999'],
    ['AWS_S3_BUCKET_NAME', 'Bucket', 'a bucket name: 3 to 63 lower-case letters, digits, "-" or "."'],
    ['AWS_S3_AUDIO_FOLDER', '/audio', 'a folder such as audio_upload, without a slash at either end'],
    ['AWS_S3_AUDIO_FOLDER', 'audio/../..', 'a folder such as audio_upload, without a slash at either end'],
    ['SESSIONS_TABLE', 'my sessions', '3 to 255 letters, digits, "_", "-" or "."'],
    ['SESSION_CACHE_SECONDS', '3601', 'a whole number from 0 to 3600'],
    ['PASSWORD_BLOCKLIST', 'all', 'one of common, off'],
    ['ARGON2_MEMORY_KIB', '1023', 'a whole number from 1024 to 4194304'],
    ['ARGON2_TIME_COST', '0', 'a whole number from 1 to 100'],
    ['ARGON2_PARALLELISM', '65', 'a whole number from 1 to 64'],
    ['HASH_CONCURRENCY', '0', 'a whole number from 1 to 1024'],
    ['HASH_MAX_WAIT_MS', '60001', 'a whole number from 0 to 60000'],
    ['SHUTDOWN_GRACE_MS', '1s', 'a whole number from 0 to 60000'],
    ['UV_THREADPOOL_SIZE', '0', 'a whole number from 1 to 1024'],
  ])('refuses %s=%s in one line', (name, value, rule) => {
    expect(problems({ [name]: value })).toEqual([`${name} must be ${rule}`]);
  });

  it.each([
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
  ])('refuses %s without %s', (present, absent) => {
    expect(problems({ [present]: 'marker' })).toEqual([`${absent} must be set, as ${present} is`]);
  });

  it.each([
    ['MAX_FILES_PER_USER', { maxFiles: 1 }],
    ['MAX_BYTES_PER_USER', { maxBytes: 1 }],
  ])('has a quota where only %s is set', (name, quota) => {
    expect(readConfig({ ...production, [name]: '1' }).quota).toEqual(quota);
  });

  it('refuses a cache without Redis', () => {
    expect(problems({ CACHE: 'on' })).toEqual(['REDIS_URL must be set where CACHE is on']);
  });

  it('runs as many workers as there are cores where it is left to it', () => {
    expect(readConfig({ ...production, WORKERS: 'auto' }).workers).toBe(availableCores());
    expect(readConfig({ ...production, WORKERS: 'auto' }, 5).workers).toBe(5);
  });

  it('leaves temporary credentials to the SDK, which reads the session token with them', () => {
    const temporary = {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    };
    expect(readConfig({ ...production, ...temporary }).aws).toEqual({ region: 'us-east-1' });
  });

  it('takes an empty value for an unset one', () => {
    const empty = { NODE_ENV: '', PORT: '', DYNAMODB_ENDPOINT: '', CORS_ORIGINS: '', AWS_ACCESS_KEY_ID: '' };
    expect(readConfig({ ...production, ...empty })).toEqual(readConfig(production));
  });

  it('reports all problems at once, and no value', () => {
    const marker = 'marker/of a:value';
    const names = ['NODE_ENV', 'LOG_LEVEL', 'HOST', 'PORT', 'CORS_ORIGINS', 'REGION_NAME', 'USERS_TABLE'];
    names.push('AUDIO_FILES_TABLE', 'DYNAMODB_ENDPOINT', 'S3_ENDPOINT', 'AWS_S3_BUCKET_NAME');
    names.push('AWS_S3_AUDIO_FOLDER', 'DATABASE_BUDGET_MS', 'ARGON2_MEMORY_KIB', 'SECRET_KEY');
    const lines = problems(Object.fromEntries(names.map((name) => [name, marker])));
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual([...names].sort());
    expect(lines.join('\n')).not.toContain(marker);
    expect(lines.filter((line) => /\n/.test(line))).toEqual([]);
  });

  it('tells the number of problems in the message of the error', () => {
    expect(() => readConfig({})).toThrow('The configuration has a problem');
    expect(() => readConfig({ PORT: 'x' })).toThrow('The configuration has 2 problems');
  });
});

describe('readDatabaseConfig', () => {
  it('names the tables of the contract where nothing is said', () => {
    expect(readDatabaseConfig(new EnvironmentReader({})).tables).toMatchObject({
      users: 'panzoto-users',
      audioFiles: 'panzoto-audio-files',
      sessions: 'panzoto-sessions',
    });
  });

  it('asks for no token key', () => {
    const env = new EnvironmentReader({ USERS_TABLE: 'users' });
    expect(readDatabaseConfig(env).tables.users).toBe('users');
    expect(() => env.finish()).not.toThrow();
  });
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^#?\s*([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  // Set by the platform, not by whoever fills in the file.
  const notForTheFile = new Set(['UV_THREADPOOL_SIZE', 'AWS_SESSION_TOKEN']);

  it('lists every variable that is read', () => {
    const asked = new Set<string>();
    const environment = new Proxy<Record<string, string | undefined>>(production, {
      get: (values, name) => {
        asked.add(String(name));
        return values[String(name)];
      },
    });
    readConfig(environment);
    expect([...asked].filter((name) => !notForTheFile.has(name) && !listed.includes(name))).toEqual([]);
  });
});
