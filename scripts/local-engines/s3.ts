import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startChild } from './child.js';
import { probePort, untilAnswering } from './ready.js';

// Not `import.meta.resolve`: it is missing when Jest's global setup loads this file.
const require = createRequire(import.meta.url);

/** A running S3 stand-in. */
export interface ObjectStorage {
  /** For people: `s3rver 3.7.1`. */
  readonly name: string;
  /** Always on 127.0.0.1, with path-style URLs. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Directory with the objects. */
  readonly storage: string;
  /** Process id, for tests that kill or suspend it. */
  readonly pid: number;
  /** Resolves, never rejects, when it has ended, with the reason. */
  readonly exited: Promise<string>;
  /** Resolves when it has ended; can be called again. */
  stop(): Promise<void>;
}

/** How a stand-in is started. */
export interface ObjectStorageOptions {
  bucket: string;
  /** By default a temporary one that is deleted at the end. */
  directory?: string | undefined;
  /** A free port by default. */
  port?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Starts an S3 stand-in with one bucket, ready in about a second. Access key and secret are `local`.
 *
 * @throws Error with its output if it does not start
 */
export async function startObjectStorage({
  bucket,
  directory,
  port: wanted,
  signal,
}: ObjectStorageOptions): Promise<ObjectStorage> {
  const { version } = require('s3rver/package.json') as { version: string };
  const name = `s3rver ${version}`;
  const storage = directory ?? mkdtempSync(join(tmpdir(), 's3-'));
  mkdirSync(storage, { recursive: true });
  const port = await probePort(wanted);
  const endpoint = `http://127.0.0.1:${port}`;
  const child = startChild(
    process.execPath,
    [
      // s3rver encrypts continuation tokens with DES, which OpenSSL 3 disables.
      '--openssl-legacy-provider',
      ...['--import', pathToFileURL(require.resolve('tsx')).href],
      join(import.meta.dirname, 's3-server.ts'),
      ...[String(port), storage, bucket],
    ],
    { env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const cleanUp = () => {
    if (directory === undefined) rmSync(storage, { recursive: true, force: true });
  };
  try {
    await untilAnswering(child, endpoint, { name, signal });
  } catch (error) {
    cleanUp();
    throw error;
  }
  return {
    name,
    endpoint,
    bucket,
    storage,
    pid: child.pid,
    exited: child.exited,
    stop: () => child.stop().finally(cleanUp),
  };
}
