import { join } from 'node:path';
import { type Engine, type ObjectStorage, startEngine, startObjectStorage } from '../local-engines/index.js';
import { localCredentials, ownBucket, requireCredentials } from './credentials.js';
import { type Address, dataDirectory, freeAddress, prepareDataDirectory, setting } from './environment.js';
import { developmentSecretKey } from './secret-key.js';
import { createTables } from './service.js';

/** What the service needs on this machine, and where it is to listen. */
export interface Dependencies {
  readonly address: Address;
  /** Environment of the service: that of the shell, and how it reaches what was started. */
  readonly env: NodeJS.ProcessEnv;
  /** The engine that was started, or the endpoint of an own database. */
  readonly database: Engine | string;
  /** The store that was started, or the name of an own bucket. */
  readonly storage: ObjectStorage | string;
  /** Resolve, never reject, with a sentence when something that was started stops by itself. */
  readonly failures: Promise<string>[];
}

/**
 * Starts the database engine and the object store, as far as the environment names none of its own, and creates the tables.
 * What was started is added to `stops`, also where a later step fails.
 *
 * @throws StartError with a sentence for people; the reason of `signal` when aborted
 */
export async function startDependencies(
  signal: AbortSignal,
  stops: (() => Promise<void>)[],
): Promise<Dependencies> {
  const bucket = ownBucket();
  if (bucket !== undefined) await requireCredentials(bucket);
  const address = await freeAddress();
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
    HOST: address.host,
    PORT: String(address.port),
    DYNAMODB_ENDPOINT: endpoint ?? engine?.endpoint,
    SECRET_KEY: secretKey,
    ...(storage && { S3_ENDPOINT: storage.endpoint, AWS_S3_BUCKET_NAME: storage.bucket }),
    // An own bucket is reached with own credentials, which local engines take as well.
    ...(storage && localCredentials()),
    // On Node 20 the SDK prints six lines about January 2027; the README says it in one.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  await createTables(env, signal);
  return {
    address,
    env,
    database: engine ?? String(endpoint),
    storage: storage ?? String(bucket),
    failures: [
      ...(engine === undefined
        ? []
        : [engine.exited.then((reason) => `The database stopped by itself (${reason})`)]),
      ...(storage === undefined
        ? []
        : [storage.exited.then((reason) => `The object store stopped by itself (${reason})`)]),
    ],
  };
}

async function startDatabase(signal: AbortSignal): Promise<Engine> {
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
