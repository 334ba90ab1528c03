import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { startChild } from './child.js';
import type { Engine, EngineOptions } from './engine.js';
import { probePort, untilAnswering } from './ready.js';

const require = createRequire(import.meta.url);

/**
 * Whether `java` works. macOS has a `java` that only says where to get one, so that checking for the file is not
 * enough.
 */
export function hasJava(): boolean {
  return spawnSync('java', ['-version'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/**
 * Starts AWS's DynamoDB Local, ready in some 2 s.
 *
 * It listens on every network interface, and no option changes that: use it with test data only.
 *
 * @param options.directory data directory; in memory by default
 * @throws Error with the engine's output if it does not start, for example without Java
 */
export async function startDynamoDbLocal(
  options: EngineOptions & { directory?: string | undefined } = {},
): Promise<Engine> {
  const { directory, signal } = options;
  const emulator = join(dirname(require.resolve('amplify-dynamodb-simulator/package.json')), 'emulator');
  const port = await probePort(options.port);
  const endpoint = `http://127.0.0.1:${port}`;
  if (directory !== undefined) mkdirSync(directory, { recursive: true });
  const child = startChild(
    'java',
    [
      `-Djava.library.path=${join(emulator, 'DynamoDBLocal_lib')}`,
      ...['-jar', join(emulator, 'DynamoDBLocal.jar')],
      ...(directory === undefined ? ['-inMemory'] : ['-dbPath', resolve(directory)]),
      ...['-sharedDb', '-disableTelemetry', '-port', String(port)],
    ],
    // It writes a telemetry file to the working directory, even with telemetry off.
    { cwd: emulator },
  );
  await untilAnswering(child, endpoint, {
    name: 'DynamoDB Local',
    // Its threads keep running when it fails to listen.
    gaveUp: /^Exception in thread/m,
    signal,
  });
  const version = /^Version:\s*(\S+)/m.exec(child.output())?.[1];
  return {
    name: version === undefined ? 'DynamoDB Local' : `DynamoDB Local ${version}`,
    kind: 'dynamodb-local',
    endpoint,
    pid: child.pid,
    storage: directory,
    exited: child.exited,
    stop: () => child.stop(),
  };
}
