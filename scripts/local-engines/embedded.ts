import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startChild } from './child.js';
import type { Engine, EngineOptions } from './engine.js';
import { probePort, untilAnswering } from './ready.js';

const PACKAGE = '@dynoxide/linux-x64/package.json';
// Not `import.meta.resolve`: it is missing when Jest's global setup loads this file.
const require = createRequire(import.meta.url);

/** Whether the embedded engine is installed: the package is optional, for Linux on x64 only. */
export function hasEmbedded(): boolean {
  try {
    require.resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts the embedded engine, ready in some 20 ms.
 *
 * @param options.file SQLite file; in memory by default
 * @throws Error if the package is not installed, or with the engine's output if it does not start
 */
export async function startEmbedded(
  options: EngineOptions & { file?: string | undefined } = {},
): Promise<Engine> {
  const { file, signal } = options;
  const manifest = require.resolve(PACKAGE);
  const { version } = require(PACKAGE) as { version: string };
  const name = `dynoxide ${version}`;
  const port = await probePort(options.port);
  const endpoint = `http://127.0.0.1:${port}`;
  if (file !== undefined) makePrivate(file);
  const child = startChild(join(dirname(manifest), 'dynoxide'), [
    ...['serve', '--host', '127.0.0.1', '--port', String(port)],
    ...(file === undefined ? [] : ['--db-path', file]),
  ]);
  await untilAnswering(child, endpoint, { name, signal });
  return {
    name,
    kind: 'embedded',
    endpoint,
    pid: child.pid,
    storage: file,
    exited: child.exited,
    stop: () => child.stop(),
  };
}

/** No other user of the machine can read the rows: SQLite gives its other files the mode of this one. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}
