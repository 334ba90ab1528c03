import { describe, expect, it } from '@jest/globals';
import { misspellings, readConfig } from './read-config.js';

const SECRET = 'f1d2d2f924e986ac86fdf7b36c94bcdf';

describe('misspelled names', () => {
  it.each([
    ['MAX_FILE_PER_USER', 'MAX_FILES_PER_USER'],
    ['MAX_FILES_PER_USERS', 'MAX_FILES_PER_USER'],
    ['TRUST_PROXI', 'TRUST_PROXY'],
    ['TRUST_PORXY', 'TRUST_PROXY'],
    ['RATE_LIMITS', 'RATE_LIMIT'],
    ['SHUTDOWN_GRACE', undefined],
    ['USER_TABLE', 'USERS_TABLE'],
    ['SECRET_KEY_PREVIUOS', 'SECRET_KEY_PREVIOUS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['S3_END_POINT', 'S3_ENDPOINT'],
    ['redis_url', 'REDIS_URL'],
    ['DATA_DIRECTRY', 'DATA_DIRECTORY'],
  ])('%s is told of, with the nearest name', (name, meant) => {
    const lines = meant ? [`${name} is set and means nothing here; is ${meant} meant?`] : [];
    expect(misspellings({ [name]: 'marker' })).toEqual(lines);
    expect(readConfig({ SECRET_KEY: SECRET, [name]: 'marker' }).warnings).toEqual(lines);
  });

  it('does not keep the service from starting, and knows every name of its own', () => {
    expect(
      readConfig({ SECRET_KEY: SECRET, DATA_DIRECTORY: '.data', S3_PUBLIC_ENDPOINT: '' }).warnings,
    ).toEqual([]);
  });

  it('says nothing where the name that is meant is set, or nothing is said', () => {
    expect(misspellings({ REDIS_URI: 'redis://127.0.0.1', REDIS_URL: 'redis://127.0.0.1' })).toEqual([]);
    expect(misspellings({ REDIS_URI: '' })).toEqual([]);
  });

  it('says nothing of what platforms set', () => {
    const names =
      'PATH HOME HOSTNAME HOSTS USER PWD SHLVL LANG TERM TZ PORTS LOGNAME NODE_VERSION NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS ' +
      'YARN_VERSION npm_config_cache npm_lifecycle_event npm_package_version http_proxy HTTPS_PROXY no_proxy ' +
      'KUBERNETES_PORT KUBERNETES_SERVICE_HOST REDIS_PORT REDIS_SERVICE_HOST REDIS_PORT_6379_TCP REDIS_TLS_URL REDIS_HOST ' +
      'AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_EXECUTION_ENV ' +
      'AWS_SECURITY_TOKEN AWS_ACCESS_KEY AWS_SECRET_KEY AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_ENDPOINT_URL ' +
      'AWS_ENDPOINT_URL_S3 AWS_LAMBDA_FUNCTION_NAME AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ' +
      'ECS_CONTAINER_METADATA_URI_V4 LAMBDA_TASK_ROOT DYNO WEB_CONCURRENCY DATABASE_URL SECRET_KEY_BASE CI ' +
      'GITHUB_ACTIONS RUNNER_OS MALLOC_MMAP_THRESHOLD_ GLIBC_TUNABLES UV_USE_IO_URING OTEL_SERVICE_NAME S3_BUCKET';
    expect(misspellings(Object.fromEntries(names.split(' ').map((name) => [name, 'set'])))).toEqual([]);
  });
});
