/** `npm start`: database, object store, tables and service on this machine, with nothing to install or configure. */
import { EnvironmentReader } from '../src/config/environment-reader.js';
import { readShutdownConfig, stopLimitMs } from '../src/config/shutdown-config.js';
import { banner } from './local/banner.js';
import { startDependencies } from './local/dependencies.js';
import { loadDotEnv } from './local/environment.js';
import { aborted, runProgram, type Stops, unless } from './local/program.js';
import { startService, untilLive } from './local/service.js';

/** The service ends itself at the end of its shutdown time. It is killed this much later. Milliseconds. */
const KILL_AFTER_MS = 3_000;

/** Runs until `signal` is aborted (returns) or something fails (throws). */
async function run(signal: AbortSignal, stops: Stops): Promise<void> {
  loadDotEnv();
  const { address, env, database, storage, failures } = await startDependencies(signal, stops);
  const service = startService(env);
  stops.push(() => service.stop(serviceGraceMs()));
  const failed = [service.exited.then((reason) => `The service stopped by itself (${reason})`), ...failures];
  await unless(failed, untilLive(address.url, signal));
  process.stdout.write(banner(address.url, database, storage));
  await unless(failed, aborted(signal));
}

/** How long the service may take for its open requests. */
function serviceGraceMs(): number {
  return stopLimitMs(readShutdownConfig(new EnvironmentReader(process.env))) + KILL_AFTER_MS;
}

await runProgram(run);
