import { describe, expect, it } from '@jest/globals';
import { readConfig } from './read-config.js';
import { ConfigurationError } from './environment-reader.js';

const SECRET_KEY = 'f1d2d2f924e986ac86fdf7b36c94bcdf';
const read = (environment: Record<string, string> = {}) => readConfig({ SECRET_KEY, ...environment });

/** The lines that an environment is refused with; none when it is accepted. */
function problems(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('the limits in the configuration', () => {
  it('are on in production, which is also where nothing is said, and off elsewhere', () => {
    expect(read().limits.enabled).toBe(true);
    expect(read({ NODE_ENV: 'production' }).limits.enabled).toBe(true);
    expect(read({ NODE_ENV: 'development' }).limits.enabled).toBe(false);
    expect(read({ NODE_ENV: 'test' }).limits.enabled).toBe(false);
  });

  it('are as RATE_LIMIT says where it says something', () => {
    expect(read({ RATE_LIMIT: 'off' }).limits.enabled).toBe(false);
    expect(read({ NODE_ENV: 'test', RATE_LIMIT: 'on' }).limits.enabled).toBe(true);
    expect(problems({ RATE_LIMIT: 'true' })).toEqual(['RATE_LIMIT must be one of on, off']);
  });

  it('have the values of the requirements by default', () => {
    expect(read().limits).toEqual({
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
    });
  });

  it('can all be set', () => {
    const limits = read({
      RATE_LIMIT_REGISTER: '1',
      RATE_LIMIT_LOGIN: '2',
      RATE_LIMIT_CREATE: '3',
      RATE_LIMIT_BATCH: '6',
      RATE_LIMIT_USAGE: '7',
      RATE_LIMIT_COSTLY_READ: '8',
      RATE_LIMIT_FAILURES_BY_ADDRESS: '4',
      RATE_LIMIT_FAILURES: '1000000',
    }).limits;

    expect(limits).toEqual({
      enabled: true,
      store: 'memory',
      register: { points: 1, seconds: 60 },
      login: { points: 2, seconds: 60 },
      create: { points: 3, seconds: 60 },
      batch: { points: 6, seconds: 60 },
      usage: { points: 7, seconds: 60 },
      costlyRead: { points: 8, seconds: 60 },
      loginFailuresByAddress: { points: 4, seconds: 900 },
      loginFailures: { points: 1_000_000, seconds: 900 },
    });
  });

  it.each(['0', '-1', '1.5', '1000001', 'many'])('refuse %j as a number of requests', (value) => {
    const names = [
      'REGISTER',
      'LOGIN',
      'CREATE',
      'BATCH',
      'USAGE',
      'COSTLY_READ',
      'FAILURES_BY_ADDRESS',
      'FAILURES',
    ];
    for (const name of names) {
      expect(problems({ [`RATE_LIMIT_${name}`]: value })).toEqual([
        `RATE_LIMIT_${name} must be a whole number from 1 to 1000000`,
      ]);
    }
  });

  it.each([
    ['memory', {}],
    ['redis', { REDIS_URL: 'redis://127.0.0.1:6379' }],
    ['dynamodb', { AWS_LAMBDA_FUNCTION_NAME: 'backend' }],
    ['redis', { AWS_LAMBDA_FUNCTION_NAME: 'backend', REDIS_URL: 'redis://127.0.0.1:6379' }],
    ['dynamodb', { LIMIT_STORE: 'dynamodb', REDIS_URL: 'redis://127.0.0.1:6379' }],
    ['dynamodb', { LIMIT_STORE: 'dynamodb' }],
    ['memory', { LIMIT_STORE: 'memory', REDIS_URL: 'redis://127.0.0.1:6379' }],
    ['memory', { LIMIT_STORE: 'memory', AWS_LAMBDA_FUNCTION_NAME: 'backend' }],
  ])('are counted in %s with %j', (store, environment) => {
    expect(read(environment).limits.store).toBe(store);
  });

  it('refuse a store that is none, and Redis without its URL', () => {
    expect(problems({ LIMIT_STORE: 'table' })).toEqual([
      'LIMIT_STORE must be one of memory, redis, dynamodb',
    ]);
    expect(problems({ LIMIT_STORE: 'redis' })).toEqual(['REDIS_URL must be set where LIMIT_STORE is redis']);
    expect(problems({ LIMITS_TABLE: 'panzoto-users' })).toEqual([
      'LIMITS_TABLE must be another table than USERS_TABLE',
    ]);
  });

  it.each(['127.0.0.1:6379', 'http://127.0.0.1:6379', 'redis'])('refuse %j as REDIS_URL', (value) => {
    expect(problems({ REDIS_URL: value })).toEqual([
      'REDIS_URL must be a URL such as redis://127.0.0.1:6379',
    ]);
  });
});

describe('TRUST_PROXY', () => {
  it('is nobody where it is unset', () => {
    expect(read()).not.toHaveProperty('trustProxy');
    expect(read({ TRUST_PROXY: '' })).not.toHaveProperty('trustProxy');
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['2', 2],
    ['loopback', ['loopback']],
    ['10.0.0.0/8, 192.0.2.1', ['10.0.0.0/8', '192.0.2.1']],
    ['fc00::/7,2001:db8::/32,::1', ['fc00::/7', '2001:db8::/32', '::1']],
    ['::ffff:10.0.0.0/104', ['::ffff:10.0.0.0/104']],
    ['64:ff9b::10.0.0.0/104', ['64:ff9b::10.0.0.0/104']],
  ])('may be %j', (value, trustProxy) => {
    expect(read({ TRUST_PROXY: value }).trustProxy).toEqual(trustProxy);
  });

  it.each([
    ['everything by a word', ['true', 'all', '*', 'yes', 'TRUE']],
    ['everything by a network', ['0.0.0.0/0', '::/0', '::0/0', '10.0.0.0/8,0.0.0.0/0', '0.0.0.0/00']],
    ['everything in halves', ['0.0.0.0/1,128.0.0.0/1', '::/1,8000::/1', '0.0.0.0/7']],
    ['all of IPv4 in IPv6 form', ['::ffff:0:0/96', '::ffff:0.0.0.0/96', '0:0:0:0:0:ffff:0:0/97', '::/64']],
    [
      'all of IPv4 as a translator writes it',
      ['64:ff9b::/96', '64:ff9b::/32', '64:ff9b:1::/48', '64:ff9b:1:2::/96', '::/96', '::ffff:0:0:0/96'],
    ],
    ['more hops than there are', ['10', '99']],
    ['no address', ['proxy.example.com', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '-1', '1.5']],
  ])('must not be %s', (_, values) => {
    for (const value of values) {
      expect([value, ...problems({ TRUST_PROXY: value })]).toEqual([
        value,
        'TRUST_PROXY must be a number of hops up to 9, or networks such as 10.0.0.0/8 separated by commas, none of them very wide',
      ]);
    }
  });
});
