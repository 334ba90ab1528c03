import { describe, expect, it } from '@jest/globals';
import { readConfig } from './read-config.js';
import { DEFAULT_TABLE_NAMES } from './table-names.js';
import { availableCores } from './available-cores.js';

const SECRET = 'f1d2d2f924e986ac86fdf7b36c94bcdf';
const OLDER_SECRET = 'e242ed3bffccdf271b7fbaf34ed72d08';
const OLDEST_SECRET = '6a7d5c2b9e1f4830a7c6d5e4f3b2a190';
const production = { SECRET_KEY: SECRET, UV_THREADPOOL_SIZE: '4' };

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
        store: 'memory',
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
      database: { budgetMs: 1500, pauseMs: 500, transport: 'lean' },
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
      serverless: false,
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
      LIMIT_STORE: 'dynamodb',
      REDIS_URL: 'rediss://cache.example.com:6380/1',
      TRUST_PROXY: '10.0.0.0/8, ::1, loopback',
      REGION_NAME: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      USERS_TABLE: 'users',
      AUDIO_FILES_TABLE: 'audio.files',
      SESSIONS_TABLE: 'sessions',
      LIMITS_TABLE: 'limits',
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
      DYNAMODB_TRANSPORT: 'sdk',
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
        store: 'dynamodb',
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
      tables: { users: 'users', audioFiles: 'audio.files', sessions: 'sessions', limits: 'limits' },
      database: { endpoint: 'http://127.0.0.1:8000', budgetMs: 700, pauseMs: 0, transport: 'sdk' },
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
      serverless: false,
      shutdownGraceMs: 5000,
      shutdownDrainMs: 45_000,
      warnings: [],
    });
  });

  it.each([
    ['MAX_FILES_PER_USER', { maxFiles: 1 }],
    ['MAX_BYTES_PER_USER', { maxBytes: 1 }],
  ])('has a quota where only %s is set', (name, quota) => {
    expect(readConfig({ ...production, [name]: '1' }).quota).toEqual(quota);
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

  it('takes no event loop that stood still for overloaded where processes are frozen between requests', () => {
    const lambda = { SECRET_KEY: SECRET, AWS_LAMBDA_FUNCTION_NAME: 'api' };
    expect(readConfig(lambda, 2)).toMatchObject({ serverless: true, overload: { maxLagMs: 0 } });
    const asked = { ...lambda, MAX_EVENT_LOOP_LAG_MS: '100' };
    expect(readConfig(asked, 2)).toMatchObject({ serverless: true, overload: { maxLagMs: 100 } });
  });
});
