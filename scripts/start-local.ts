/** `npm start`: database, object store, tables and service on this machine, with nothing to install or configure. */
import { join } from 'node:path';
import { EnvironmentReader } from '../src/config/environment-reader.js';
import { readShutdownConfig, stopLimitMs } from '../src/config/shutdown-config.js';
import { type ObjectStorage, startEngine, startObjectStorage } from './local-engines/index.js';
import { banner } from './local/banner.js';
import { localCredentials, ownBucket, requireCredentials } from './local/credentials.js';
import {
  dataDirectory,
  freeAddress,
  loadDotEnv,
  prepareDataDirectory,
  setting,
} from './local/environment.js';
import { developmentSecretKey } from './local/secret-key.js';
import { createTables, startService, untilLive } from './local/service.js';
import { StartError } from './local/start-error.js';
import { stopSignal } from './local/stop-signals.js';

/** The service ends by itself when its own time to stop is over; so much later it is killed. Milliseconds. */
const KILL_AFTER_MS = 3_000;

/** Runs until `signal` is aborted (returns) or something fails (throws), and leaves no process behind. */
async function run(signal: AbortSignal): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    loadDotEnv();
    const bucket = ownBucket();
    if (bucket !== undefined) await requireCredentials(bucket);
    const { host, port, url } = await freeAddress();
    prepareDataDirectory();
    const secretKey = setting('SECRET_KEY') ?? developmentSecretKey(join(dataDirectory(), 'secret-key'));
    const endpoint = setting('DYNAMODB_ENDPOINT');
    const engine = endpoint === undefined ? await startDatabase(signal) : undefined;
    if (engine !== undefined) stops.push(() => engine.stop());
    const storage = bucket === undefined ? await startStorage(signal) : undefined;
    if (storage !== undefined) stops.push(() => storage.stop());

    const env: NodeJS.ProcessEnv = {
      ...process.env,
      NODE_ENV: 'development',
      HOST: host,
      PORT: String(port),
      DYNAMODB_ENDPOINT: endpoint ?? engine?.endpoint,
      SECRET_KEY: secretKey,
      ...(storage && { S3_ENDPOINT: storage.endpoint, AWS_S3_BUCKET_NAME: storage.bucket }),
      // An own bucket is reached with own credentials, which local engines take as well.
      ...(storage && localCredentials()),
      // On Node 20 the SDK prints six lines about January 2027; the README says it in one.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    await createTables(env, signal);
    const service = startService(env);
    stops.push(() => service.stop(serviceGraceMs()));

    const failed = Promise.race([
      service.exited.then((reason) => `The service stopped by itself (${reason})`),
      ...(engine === undefined
        ? []
        : [engine.exited.then((reason) => `The database stopped by itself (${reason})`)]),
      ...(storage === undefined
        ? []
        : [storage.exited.then((reason) => `The object store stopped by itself (${reason})`)]),
    ]);
    await unless(failed, untilLive(url, signal));
    process.stdout.write(banner(url, engine ?? String(endpoint), storage ?? String(bucket)));
    await unless(failed, aborted(signal));
  } finally {
    // The service first: it still needs the others for the requests it has.
    for (const stop of stops.reverse()) await stop();
  }
}

/** How long the service may take to finish the requests it has. */
function serviceGraceMs(): number {
  return stopLimitMs(readShutdownConfig(new EnvironmentReader(process.env))) + KILL_AFTER_MS;
}

async function startDatabase(signal: AbortSignal): ReturnType<typeof startEngine> {
  return startEngine({
    kind: 'prefer-embedded',
    file: join(dataDirectory(), 'dynamodb.sqlite'),
    directory: join(dataDirectory(), 'dynamodb-local'),
    signal,
  });
}

async function startStorage(signal: AbortSignal): Promise<ObjectStorage> {
  return startObjectStorage({ bucket: 'audio', directory: join(dataDirectory(), 's3'), signal });
}

/** Waits for `work`, or throws what failed meanwhile. */
async function unless(failed: Promise<string>, work: Promise<void>): Promise<void> {
  const failure = await Promise.race([failed, work]);
  if (typeof failure === 'string') throw new StartError(failure);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

const signal = stopSignal();
try {
  await run(signal);
} catch (error) {
  // A start broken off by Ctrl-C ends with the error of whatever was waited for: nothing to report.
  if (!signal.aborted) {
    process.exitCode = 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
if (signal.aborted) process.stdout.write('Stopped\n');
process.exit();
