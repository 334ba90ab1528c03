import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { startChild } from './child.js';
import type { Engine, EngineOptions } from './engine.js';
import { probePort, untilAnswering } from './ready.js';

const require = createRequire(import.meta.url);

/** True where `java` runs. macOS has a `java` that only says where to get one, so that looking for the file is not enough. */
export function hasJava(): boolean {
  return spawnSync('java', ['-version'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/**
 * Starts AWS's own DynamoDB Local, ready in some 2 s.
 *
 * It listens on every network interface and has no option for it: nothing but made-up data belongs in it.
 *
 * @param options.directory where it keeps the data; in memory when left out
 * @throws Error with the engine's output when it does not start, so also where there is no Java
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
    // It leaves a file about its telemetry in the working directory, even with the telemetry off.
    { cwd: emulator },
  );
  await untilAnswering(child, endpoint, {
    name: 'DynamoDB Local',
    // Its threads live on when it fails to listen.
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
