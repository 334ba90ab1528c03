import type { EngineKind } from '../../scripts/local-engines/engine.js';

/** The database of the tests, started once by the global setup. */
export interface TestEngine {
  endpoint: string;
  kind: EngineKind;
}

/**
 * The database of the tests.
 *
 * @throws Error if none was started, or if it is not on this machine: tests write and delete tables, and a wrong
 *   setting must not use a real account
 */
export function engine(): TestEngine {
  const endpoint = process.env['TEST_DYNAMODB_ENDPOINT'];
  const kind = process.env['TEST_DYNAMODB_ENGINE'];
  if (endpoint === undefined || (kind !== 'dynamodb-local' && kind !== 'embedded')) {
    throw new Error(
      'No test database: is this spec in a Jest project with the global setup (integration, e2e)?',
    );
  }
  if (!isLoopback(endpoint)) throw new Error(`Tests run on a local engine only, not on ${endpoint}`);
  return { endpoint, kind };
}

/** The object store of the tests, with the same rules. */
export function objectStorage(): { endpoint: string; bucket: string } {
  const [endpoint = '', bucket = ''] = [process.env['TEST_S3_ENDPOINT'], process.env['TEST_S3_BUCKET']];
  if (!isLoopback(endpoint)) throw new Error(`Tests run on a local object store only, not on "${endpoint}"`);
  return { endpoint, bucket };
}

function isLoopback(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname);
}
