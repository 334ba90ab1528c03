import type { TableKey } from '../../src/config/table-names.js';
import { QUARANTINE_FOLDER, TABLES_MARKER_KEY } from '../../src/config/reserved-keys.js';
import type { TableDefinition } from '../../src/database/tables.js';
import { arn, type Json, ref, type Resources, sub, when } from './cloudformation.js';
import { tableResource } from './tables.js';

type Operations = Record<TableKey, { table: readonly string[]; index?: readonly string[] }>;

const ROW = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'];

/** The calls of the repositories. A transaction needs the permissions of its parts. */
const SERVICE: Operations = {
  users: { table: [...ROW, 'BatchGetItem', 'ConditionCheckItem'], index: ['Query'] },
  audioFiles: { table: [...ROW, 'BatchGetItem', 'BatchWriteItem'], index: ['Query'] },
  sessions: { table: [...ROW, 'BatchGetItem'], index: ['Query'] },
  limits: { table: ['UpdateItem', 'DeleteItem', 'BatchGetItem'] },
};

/** `npm run tables`. */
const TABLES = ['CreateTable', 'DescribeTable', 'DescribeTimeToLive', 'UpdateTimeToLive'];

/**
 * `npm run tables` uses all tables; `npm run takeover` scans, and claims emails in a transaction; `npm run reconcile`
 * scans, reads accounts and records, completes and deletes records, and deletes the rows of swept accounts.
 */
const OPERATOR: Operations = {
  users: { table: [...TABLES, 'Scan', 'BatchGetItem', 'ConditionCheckItem', 'PutItem', 'DeleteItem'] },
  audioFiles: { table: [...TABLES, 'Scan', 'BatchGetItem', 'UpdateItem', 'DeleteItem'], index: ['Query'] },
  sessions: { table: TABLES },
  limits: { table: TABLES },
};

/** HEAD needs `s3:GetObject` too. */
const SERVICE_OBJECTS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'];
const OPERATOR_OBJECTS = ['s3:GetObject', 's3:DeleteObject'];
/** A copy into quarantine is a PUT there. It stays after the original is deleted. */
const QUARANTINE_OBJECTS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'];

/** The folder of the Python backend. The service has access to it, whatever the folder of new keys is. */
const ORIGINAL_FOLDER = 'audio_upload';

/** The permissions of the service, and of its operator commands: only actions and resources that are in use. */
export function policyResources(definitions: readonly TableDefinition[]): Resources {
  return {
    ServicePolicy: policy('Decision Data backend: what the service calls.', [
      ...tableStatements(definitions, SERVICE),
      ...objectStatements(SERVICE_OBJECTS),
      keyStatement(['kms:Decrypt', 'kms:GenerateDataKey']),
    ]),
    OperatorPolicy: policy('Decision Data backend: what npm run tables, takeover and reconcile call.', [
      ...tableStatements(definitions, OPERATOR),
      ...objectStatements(OPERATOR_OBJECTS),
      allow('Quarantine', QUARANTINE_OBJECTS, [
        sub(`\${AudioBucket.Arn}/${QUARANTINE_FOLDER}/*`),
        sub(`\${AudioBucket.Arn}/${TABLES_MARKER_KEY}`),
      ]),
      keyStatement(['kms:Decrypt', 'kms:GenerateDataKey']),
    ]),
  };
}

function policy(description: string, statements: readonly Json[]): Resources[string] {
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: {
      Description: description,
      PolicyDocument: { Version: '2012-10-17', Statement: statements },
    },
  };
}

function tableStatements(definitions: readonly TableDefinition[], operations: Operations): Json[] {
  return definitions.flatMap((definition) => {
    const { table, index } = operations[definition.table];
    const resource = tableResource(definition);
    return [
      allow(`${definition.name}Rows`, dynamoDb(table), [arn(resource)]),
      ...(index
        ? [
            allow(
              `${definition.name}Indexes`,
              dynamoDb(index),
              definition.indexes.map(({ name }) => sub(`\${${resource}.Arn}/index/${name}`)),
            ),
          ]
        : []),
    ];
  });
}

function dynamoDb(operations: readonly string[]): string[] {
  return operations.map((operation) => `dynamodb:${operation}`);
}

function objectStatements(actions: readonly string[]): Json[] {
  return [
    // Without it S3 answers 403 for a missing object.
    allow('AudioBucket', ['s3:ListBucket'], [arn('AudioBucket')]),
    allow('AudioObjects', actions, [
      sub('${AudioBucket.Arn}/${AudioFolder}/*'),
      sub(`\${AudioBucket.Arn}/${ORIGINAL_FOLDER}/*`),
    ]),
  ];
}

/** Reading an object and its checksum needs the key too. */
function keyStatement(actions: readonly string[]): Json {
  return when('HasKmsKey', allow('AudioKey', actions, [ref('KmsKeyArn')]));
}

function allow(sid: string, actions: readonly string[], resources: readonly Json[]): Json {
  return { Sid: sid, Effect: 'Allow', Action: actions, Resource: resources };
}
