import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startChild } from './child.js';
import { probePort, untilAnswering } from './ready.js';

// Not `import.meta.resolve`: it is missing when Jest's global setup loads this file.
const require = createRequire(import.meta.url);

/** A running stand-in for S3. */
export interface ObjectStorage {
  /** For people: `s3rver 3.7.1`. */
  readonly name: string;
  /** Where it answers, always on 127.0.0.1; with path-style addresses. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Directory with the objects. */
  readonly storage: string;
  /** Process id, for tests that kill or suspend it. */
  readonly pid: number;
  /** Resolves, never rejects, when it is gone, with the reason. */
  readonly exited: Promise<string>;
  /** Resolves when it is gone; may be called again. */
  stop(): Promise<void>;
}

/** How a stand-in is started. */
export interface ObjectStorageOptions {
  bucket: string;
  /** A temporary one that is deleted at the end by default. */
  directory?: string | undefined;
  /** A free one by default. */
  port?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Starts a stand-in for S3 with one bucket, ready in about a second. Access key and secret are `local`.
 *
 * @throws Error with its output when it does not start
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
      // s3rver makes the tokens of long listings with DES, which OpenSSL 3 has put aside.
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
