import { isReserved } from './reserved-keys.js';
import type { AppConfig, AwsConfig, StorageConfig } from './config.js';
import type { EnvironmentReader } from './environment-reader.js';
import {
  DEFAULT_TABLE_NAMES,
  forEachTable,
  type TableNames,
  TABLE_KEYS,
  tableVariable,
} from './table-names.js';

/** Configuration of commands that use only the database. It contains no token key. */
export function readDatabaseConfig(env: EnvironmentReader): Pick<AppConfig, 'aws' | 'tables' | 'database'> {
  const endpoint = env.endpoint('DYNAMODB_ENDPOINT', 'http://127.0.0.1:8000');
  return {
    aws: {
      region: env.text('REGION_NAME', 'us-east-1', /^[a-z0-9-]{1,40}$/, 'an AWS region such as us-east-1'),
      ...readCredentials(env),
    },
    tables: readTableNames(env),
    database: {
      budgetMs: env.integer('DATABASE_BUDGET_MS', { default: 1500, min: 100, max: 60_000 }),
      pauseMs: readPause(env),
      transport: env.oneOf('DYNAMODB_TRANSPORT', ['lean', 'sdk'], 'lean'),
      ...(endpoint && { endpoint }),
    },
  };
}

const TABLE_NAME = /^[\w.-]{3,255}$/;

function readTableNames(env: EnvironmentReader): TableNames {
  const names = forEachTable((table) =>
    env.text(
      tableVariable(table),
      DEFAULT_TABLE_NAMES[table],
      TABLE_NAME,
      '3 to 255 letters, digits, "_", "-" or "."',
    ),
  );
  TABLE_KEYS.forEach((table, index) => {
    const twin = TABLE_KEYS.slice(0, index).find((other) => names[other] === names[table]);
    if (twin && TABLE_NAME.test(names[table]))
      env.problem(tableVariable(table), `another table than ${tableVariable(twin)}`);
  });
  return names;
}

/** Additional configuration of commands that use the object store. */
export function readStorageConfig(env: EnvironmentReader): Pick<AppConfig, 'storage'> {
  const endpoint = env.endpoint('S3_ENDPOINT', 'http://127.0.0.1:9000');
  const publicEndpoint = env.endpoint('S3_PUBLIC_ENDPOINT', 'https://audio.example.com');
  const bucket = env.optional('AWS_S3_BUCKET_NAME');
  if (bucket !== undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    env.problem('AWS_S3_BUCKET_NAME', 'a bucket name: 3 to 63 lower-case letters, digits, "-" or "."');
  }
  return {
    storage: {
      ...readFolders(env),
      conditionalWrites: env.oneOf('S3_CONDITIONAL_WRITES', ['on', 'off'], 'on') === 'on',
      budgetMs: env.integer('STORAGE_BUDGET_MS', { default: 2000, min: 100, max: 60_000 }),
      pauseMs: readPause(env),
      ...(bucket && { bucket }),
      ...(endpoint && { endpoint }),
      ...(publicEndpoint && { publicEndpoint }),
    },
  };
}

/** Leaves half of the 1,024 bytes of a key for the part after the folder. */
const LONGEST_FOLDER = 512;

function readFolders(env: EnvironmentReader): Pick<StorageConfig, 'audioFolder' | 'earlierAudioFolders'> {
  const check = (name: string, folder: string, rule: string) => {
    if (!/^[\w-]+(\/[\w-]+)*$/.test(folder)) env.problem(name, rule);
    else if (folder.length > LONGEST_FOLDER) env.problem(name, `at most ${LONGEST_FOLDER} characters long`);
    // Otherwise objects in quarantine would count as audio again, and would be removed once more.
    else if (isReserved(folder)) env.problem(name, 'outside of quarantine and reconcile, which are in use');
    return folder;
  };
  const [current, earlier] = ['AWS_S3_AUDIO_FOLDER', 'AWS_S3_EARLIER_AUDIO_FOLDERS'];
  const rule = 'a folder such as audio_upload, without a slash at either end';
  return {
    audioFolder: check(current, env.optional(current) ?? 'audio_upload', rule),
    earlierAudioFolders: env
      .list(earlier)
      .map((folder) => check(earlier, folder, 'a comma-separated list of folders such as audio_upload')),
  };
}

function readPause(env: EnvironmentReader): number {
  return env.integer('CIRCUIT_PAUSE_MS', { default: 500, min: 0, max: 60_000 });
}

function readCredentials(env: EnvironmentReader): Pick<AwsConfig, 'credentials'> {
  const accessKeyId = env.optional('AWS_ACCESS_KEY_ID');
  const secretAccessKey = env.optional('AWS_SECRET_ACCESS_KEY');
  // A session token belongs to temporary credentials, which the SDK's chain reads from the environment.
  if (env.optional('AWS_SESSION_TOKEN')) return {};
  if (accessKeyId && secretAccessKey) return { credentials: { accessKeyId, secretAccessKey } };
  if (accessKeyId) env.problem('AWS_SECRET_ACCESS_KEY', 'set, as AWS_ACCESS_KEY_ID is');
  if (secretAccessKey) env.problem('AWS_ACCESS_KEY_ID', 'set, as AWS_SECRET_ACCESS_KEY is');
  return {};
}
