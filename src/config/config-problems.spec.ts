import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './environment-reader.js';
import { readConfig } from './read-config.js';

const production = { SECRET_KEY: 'f1d2d2f924e986ac86fdf7b36c94bcdf', UV_THREADPOOL_SIZE: '4' };

/** The problems of an environment; none if it is accepted. */
function problems(environment: Record<string, string>): readonly string[] {
  try {
    readConfig({ ...production, ...environment });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('readConfig, of what is wrong,', () => {
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
    ['METRICS', 'prometheus', 'one of emf'],
    ['WORKERS', '0', 'a whole number from 1 to 256'],
    ['WORKERS', 'all', 'a whole number from 1 to 256'],
    ['CACHE', 'yes', 'one of on, off'],
    ['CIRCUIT_PAUSE_MS', '60001', 'a whole number from 0 to 60000'],
    ['DYNAMODB_TRANSPORT', 'fat', 'one of lean, sdk'],
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

  it('refuses two ways of metrics at once', () => {
    expect(problems({ METRICS: 'emf', METRICS_PORT: '9464' })).toEqual([
      'METRICS_PORT must be unset where METRICS is emf',
    ]);
    expect(problems({ METRICS: '', METRICS_PORT: '9464' })).toEqual([]);
  });

  it.each([
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ['AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID'],
  ])('refuses %s without %s', (present, absent) => {
    expect(problems({ [present]: 'marker' })).toEqual([`${absent} must be set, as ${present} is`]);
  });

  it('refuses a cache without Redis', () => {
    expect(problems({ CACHE: 'on' })).toEqual(['REDIS_URL must be set where CACHE is on']);
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
