import { EnvironmentReader } from '../../src/config/environment-reader.js';
import {
  DEFAULT_TABLE_NAMES,
  forEachTable,
  TABLE_KEYS,
  type TableKey,
  tableVariable,
} from '../../src/config/table-names.js';
import { readStorageConfig } from '../../src/config/read-config.js';
import { tableDefinitions } from '../../src/database/tables.js';
import { isSet, type Json, pascalCase, ref, type Section } from './cloudformation.js';

/** The defaults of the service. */
const NOTHING_SET = new EnvironmentReader({});
const DEFAULT_FOLDER = readStorageConfig(NOTHING_SET).storage.audioFolder;

const KEY_ARN_PATTERN = String.raw`arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+`;
const TOPIC_ARN_PATTERN = String.raw`arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+`;

const UNITS = 'units a second of each table and each index, where BillingMode is PROVISIONED';

/** Names of the tables inside the template; the real ones are parameters. */
export const LOGICAL_NAMES = forEachTable(pascalCase);

/** Tables that have alarms, and capacity where it is provisioned. */
const DURABLE = tableDefinitions(DEFAULT_TABLE_NAMES).flatMap(({ table, isEphemeral }) =>
  isEphemeral ? [] : table,
);

/** The parameter with the name of a table. */
export function tableNameParameter(logicalName: string): string {
  return `${logicalName}TableName`;
}

/** Parameters of the stack of tables, bucket and policies. */
export function dataParameters(): Section {
  return { ...tableNames(TABLE_KEYS), ...capacity(), ...bucket() };
}

/** Conditions of these parameters. */
export function dataConditions(): Section {
  return {
    IsProvisioned: { 'Fn::Equals': [ref('BillingMode'), 'PROVISIONED'] },
    IsProtected: isOn('DeletionProtection'),
    HasBucketName: isSet('BucketName'),
    HasKmsKey: isSet('KmsKeyArn'),
    HasAppOrigins: { 'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', ref('AppOrigins')] }, ''] }] },
    IsVersioned: isOn('BucketVersioning'),
    HasRequestMetrics: isOn('BucketRequestMetrics'),
  };
}

/** Parameters of the stack of alarms and dashboard. */
export function monitoringParameters(): Section {
  return { ...tableNames(DURABLE), ...alarms() };
}

/** Conditions of these parameters. */
export function monitoringConditions(): Section {
  return {
    HasBucketName: isSet('BucketName'),
    HasAlarmTopic: isSet('AlarmTopicArn'),
    MakesAlarmTopic: { 'Fn::Equals': [ref('AlarmTopicArn'), ''] },
    MakesSubscription: {
      'Fn::And': [{ Condition: 'MakesAlarmTopic' }, isSet('AlarmEmail')],
    },
  };
}

/** Parameters of the stack of auto scaling. */
export function scalingParameters(): Section {
  return {
    ...tableNames(DURABLE),
    ...fewest(),
    MaxReadCapacity: number(`Most read ${UNITS}.`, 100, 1),
    MaxWriteCapacity: number(`Most write ${UNITS}.`, 100, 1),
    TargetUtilization: number('Share of the capacity in use at which it grows; percent.', 70, 20, 90),
  };
}

function tableNames(tables: readonly TableKey[]): Section {
  return Object.fromEntries(
    tables.map((table) => [
      tableNameParameter(LOGICAL_NAMES[table]),
      text(
        `Name of the table; the service has it in ${tableVariable(table)}.`,
        DEFAULT_TABLE_NAMES[table],
        String.raw`[\w.-]{3,255}`,
      ),
    ]),
  );
}

function capacity(): Section {
  return {
    BillingMode: choice(
      'On demand costs nothing while nobody calls; provisioned is cheaper under even load.',
      'PAY_PER_REQUEST',
      'PROVISIONED',
    ),
    ...fewest(),
    DeletionProtection: choice(
      'off for the first deployment, so that one that fails can take its tables away again; on from then on.',
      'on',
      'off',
    ),
  };
}

function fewest(): Section {
  return {
    MinReadCapacity: number(`Fewest read ${UNITS}.`, 5, 1),
    MinWriteCapacity: number(`Fewest write ${UNITS}.`, 5, 1),
  };
}

function bucket(): Section {
  return {
    BucketName: text('Name of the bucket of the audio objects. Empty: CloudFormation chooses.', ''),
    AudioFolder: text('Folder of new keys; the service has it in AWS_S3_AUDIO_FOLDER.', DEFAULT_FOLDER),
    AppOrigins: {
      Type: 'CommaDelimitedList',
      Description:
        'Origins of web apps that upload and play audio, e.g. https://app.example.com. Empty: none.',
      Default: '',
    },
    KmsKeyArn: text(
      'KMS key to encrypt the audio with. Empty: the key of S3 (SSE-S3).',
      '',
      `|${KEY_ARN_PATTERN}`,
    ),
    BucketVersioning: choice('on keeps what is deleted or overwritten for NoncurrentDays.', 'off', 'on'),
    NoncurrentDays: number('Days after which noncurrent versions are gone for good.', 7, 1),
    BucketRequestMetrics: choice(
      'on turns on the request metrics of S3, which cost extra, for the alarm on its 5xx answers.',
      'off',
      'on',
    ),
  };
}

function alarms(): Section {
  const budget = 'a month of all tables and indexes together; the alarm is about the rate of the last hours';
  return {
    AlarmTopicArn: text('SNS topic that alarms go to. Empty: one is made.', '', `|${TOPIC_ARN_PATTERN}`),
    AlarmEmail: text('Address that the topic made here writes to. Empty: nobody yet.', ''),
    BucketName: text(
      'Bucket whose request metrics are on, for the alarm on 5xx of S3. Empty: no such alarm.',
      '',
    ),
    MonthlyReadUnits: number(`Budget of read units ${budget}.`, 100_000_000, 1),
    MonthlyWriteUnits: number(`Budget of write units ${budget}.`, 20_000_000, 1),
    UserErrorLimit: number('Requests in 5 minutes that DynamoDB may refuse as wrong (HTTP 400).', 20, 0),
  };
}

function isOn(parameter: string): Json {
  return { 'Fn::Equals': [ref(parameter), 'on'] };
}

function text(description: string, fallback: string, pattern?: string): Json {
  return {
    Type: 'String',
    Description: description,
    Default: fallback,
    ...(pattern !== undefined && { AllowedPattern: `^(${pattern})$` }),
  };
}

function choice(description: string, fallback: string, other: string): Json {
  return { Type: 'String', Description: description, Default: fallback, AllowedValues: [fallback, other] };
}

function number(description: string, fallback: number, min: number, max?: number): Json {
  return {
    Type: 'Number',
    Description: description,
    Default: fallback,
    MinValue: min,
    ...(max !== undefined && { MaxValue: max }),
  };
}
