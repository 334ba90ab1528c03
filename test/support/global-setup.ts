import { require as requireTs } from 'tsx/cjs/api';

type Engines = typeof import('../../scripts/local-engines/index.js');

declare global {
  // Set by the global setup, used by the global teardown, which Jest runs in the same process.
  var stopTestEngine: (() => Promise<void>) | undefined;
}

/**
 * Starts the engine and the object store of a test run. TEST_ENGINE selects the engine; by default DynamoDB Local if
 * Java works, else the embedded one. Jest runs this once, and only if a project that needs it has tests to run.
 */
export default async function globalSetup(): Promise<void> {
  // Jest converts this file to CommonJS and does not resolve './x.js' to './x.ts'. tsx does.
  const { startEngine, startObjectStorage } = requireTs(
    '../../scripts/local-engines/index.ts',
    import.meta.url,
  ) as Engines;
  const asked = process.env['TEST_ENGINE'] ?? '';
  if (asked !== '' && asked !== 'dynamodb-local' && asked !== 'embedded') {
    throw new Error(`TEST_ENGINE is dynamodb-local, embedded or unset, not ${asked}`);
  }
  const [engine, storage] = await Promise.all([
    startEngine({ kind: asked === '' ? 'auto' : asked }),
    startObjectStorage({ bucket: 'audio' }),
  ]);
  globalThis.stopTestEngine = async () => void (await Promise.all([engine.stop(), storage.stop()]));
  process.env['TEST_S3_ENDPOINT'] = storage.endpoint;
  process.env['TEST_S3_BUCKET'] = storage.bucket;
  process.env['TEST_DYNAMODB_ENDPOINT'] = engine.endpoint;
  process.env['TEST_DYNAMODB_ENGINE'] = engine.kind;

  const line =
    engine.kind === 'dynamodb-local'
      ? `${engine.name} (${asked === '' ? 'Java found' : 'as asked by TEST_ENGINE'})`
      : `the embedded engine (${asked === '' ? 'no Java on the PATH' : 'as asked by TEST_ENGINE'}): ${engine.name}`;
  process.stderr.write(`Tests run on ${line}\n`);
}
