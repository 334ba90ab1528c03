import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pascalCase } from '../../scripts/ops/cloudformation.js';
import { buildTemplate } from '../../scripts/ops/template.js';
import { LOGICAL_NAMES, tableNameParameter } from '../../scripts/ops/parameters.js';
import { TABLE_KEYS } from '../../src/config/table-names.js';
import { TableCreator } from '../../src/database/table-creator.js';
import { type TableDefinition, tableDefinitions } from '../../src/database/tables.js';
import { QUARANTINE_DAYS, QUARANTINE_FOLDER, TABLES_MARKER_KEY } from '../../src/storage/reserved-keys.js';
import { deleteTestTables, testClient, testConfig, testTableNames } from '../support/test-tables.js';

const FILE = 'ops/cloudformation.json';
/** What CloudFormation takes without a bucket to take it from; more needs `--s3-bucket`. Bytes. */
const INLINE_LIMIT = 51_200;

/** Whatever JSON may say; the tests compare it. */
type Parsed = ReturnType<typeof JSON.parse>;

const text = readFileSync(FILE, 'utf8');
const template = JSON.parse(text) as ReturnType<typeof buildTemplate>;
const resources = Object.entries(template.Resources);
const definitions = tableDefinitions(LOGICAL_NAMES);

/** `describe` where the program is installed; elsewhere the tests are skipped, and a line says so. */
function describeWith(program: string): typeof describe | typeof describe.skip {
  if (spawnSync(program, ['--help']).status === 0) return describe;
  process.stderr.write(
    `Skipped: the tests with ${program}, which is not on the PATH (pip install ${program})\n`,
  );
  return describe.skip;
}

/** Everything under a key of an object, at any depth: `{ Ref: 'X' }` gives `X` for `Ref`. */
function valuesOf(key: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(key, item));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...valuesOf(key, inner),
  ]);
}

/** A value as CloudFormation has it with the parameters' defaults, but for the names of tables. */
function resolved(value: Parsed, names: Record<string, string>): Parsed {
  if (Array.isArray(value)) return value.map((item) => resolved(item, names));
  if (typeof value !== 'object' || value === null) return value;
  if ('Fn::If' in value) return undefined;
  if ('Ref' in value) return names[value.Ref] ?? (template.Parameters[value.Ref] as Parsed).Default;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner, names)]));
}

function ofType(type: string): [string, Parsed][] {
  return resources.filter(([, resource]) => resource.Type === type);
}

function propertiesOf(resource: string): Parsed {
  return template.Resources[resource]?.Properties;
}

describe('ops/cloudformation.json', () => {
  const write = (mode: string) =>
    execFileSync(process.execPath, ['--import', 'tsx', 'scripts/ops/write-template.ts', mode], {
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8',
    });

  it('is what the generator makes of the tables', () => {
    expect(template).toEqual(buildTemplate());
    expect(write('--check')).toBe('');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(INLINE_LIMIT);
  });

  it.each<[string, (definition: TableDefinition) => TableDefinition]>([
    ['a key', (d) => ({ ...d, partitionKey: { name: 'other', type: 'S' } })],
    ['the type of a key', (d) => ({ ...d, partitionKey: { ...d.partitionKey, type: 'N' } })],
    ['the name of an index', (d) => ({ ...d, indexes: d.indexes.map((i) => ({ ...i, name: 'other' })) })],
    ['a projection', (d) => ({ ...d, indexes: d.indexes.map((i) => ({ ...i, projection: 'KEYS_ONLY' })) })],
    ['an index', (d) => ({ ...d, indexes: [] })],
    ['the time to live', (d) => ({ ...d, timeToLive: 'other' })],
  ])('is stale once %s of a table changes', (_what, change) => {
    const [first, ...others] = definitions as [TableDefinition, ...TableDefinition[]];
    expect(template).not.toEqual(buildTemplate([change(first), ...others]));
  });

  it('refers to nothing that is not there', () => {
    const declared = new Set([...Object.keys(template.Parameters), ...Object.keys(template.Resources)]);
    const refs = valuesOf('Ref', template).filter((name) => !String(name).startsWith('AWS::'));
    const attributes = valuesOf('Fn::GetAtt', template).map((path) => (path as string[])[0]);
    const substituted = valuesOf('Fn::Sub', template)
      .flatMap((subject) => [...String(subject).matchAll(/\$\{(\w+)[^}]*\}/g)].map((match) => match[1]))
      .filter((name) => name !== 'AWS');
    expect([...refs, ...attributes, ...substituted].filter((name) => !declared.has(String(name)))).toEqual(
      [],
    );
    const used = [
      ...valuesOf('Fn::If', template).map((branches) => (branches as string[])[0]),
      ...resources.flatMap(([, { Condition }]) => Condition ?? []),
    ];
    expect(used.filter((name) => !Object.hasOwn(template.Conditions, name ?? ''))).toEqual([]);
    expect(Object.keys(template.Conditions).filter((name) => !used.includes(name))).toEqual([]);
  });

  it('keeps its tables and audio whatever becomes of the stack', () => {
    const kept = [...ofType('AWS::DynamoDB::Table'), ...ofType('AWS::S3::Bucket')];
    expect(kept.map(([name]) => name)).toEqual([
      ...definitions.map(({ name }) => `${name}Table`),
      'AudioBucket',
    ]);
    for (const [, resource] of kept) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
    for (const [, { Properties }] of ofType('AWS::DynamoDB::Table')) {
      expect(Properties).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
      // Absent: encrypted with the key of DynamoDB.
      expect(Properties).not.toHaveProperty('SSESpecification');
    }
  });

  it('keeps its bucket private and encrypted', () => {
    const bucket = propertiesOf('AudioBucket');
    expect(Object.values(bucket.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    expect(bucket.OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] });
    expect(valuesOf('SSEAlgorithm', bucket.BucketEncryption)).toEqual(['aws:kms', 'AES256']);
    expect(propertiesOf('AudioBucketPolicy').PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    ]);
    expect(valuesOf('DaysAfterInitiation', bucket)).toEqual([1]);
    // Nothing but quarantine ever expires by its age.
    expect(valuesOf('ExpirationInDays', bucket)).toEqual([QUARANTINE_DAYS]);
    expect(valuesOf('Prefix', bucket.LifecycleConfiguration)).toEqual([`${QUARANTINE_FOLDER}/`]);
    expect(valuesOf('NoncurrentDays', bucket)).toEqual([{ Ref: 'NoncurrentDays' }]);
  });

  it('allows the service what it calls, and no action or resource by a wildcard', () => {
    const statements = ofType('AWS::IAM::ManagedPolicy').flatMap(
      ([, { Properties }]) => Properties.PolicyDocument.Statement,
    );
    expect(valuesOf('Effect', statements).filter((effect) => effect !== 'Allow')).toEqual([]);
    expect(valuesOf('Action', statements).flat().join()).not.toContain('*');
    const objects = /^\$\{AudioBucket\.Arn\}\/[^*]+\/\*$/;
    for (const resource of valuesOf('Resource', statements).flat() as Record<string, string>[]) {
      expect(resource).toEqual(expect.any(Object));
      if (String(resource['Fn::Sub']).includes('*')) expect(resource['Fn::Sub']).toMatch(objects);
    }
    const operator = valuesOf('Resource', propertiesOf('OperatorPolicy')).flat();
    const reserved = [`${QUARANTINE_FOLDER}/*`, TABLES_MARKER_KEY].map((key) => ({
      'Fn::Sub': `\${AudioBucket.Arn}/${key}`,
    }));
    expect(operator).toEqual(expect.arrayContaining(reserved));
    expect(JSON.stringify(propertiesOf('ServicePolicy'))).not.toContain(QUARANTINE_FOLDER);
    const service = valuesOf('Action', propertiesOf('ServicePolicy')).flat() as string[];
    const called = [...readFileSync('src/database/database.ts', 'utf8').matchAll(/new (\w+)Command\(/g)]
      .map(([, command]) => command ?? '')
      .filter((command) => command !== 'TransactWrite')
      .map((command) => `dynamodb:${/^Batch|^Query/.test(command) ? command : command + 'Item'}`)
      .map((action) => action.replace(/^(dynamodb:Batch\w+)$/, '$1Item'));
    // What a transaction needs is what its parts need, and one part is no call of its own.
    const checks = readFileSync('src/sessions/sign-ins.repository.ts', 'utf8').includes('ConditionCheck: {');
    const wanted = new Set([...called, ...(checks ? ['dynamodb:ConditionCheckItem'] : [])]);
    expect(new Set(service.filter((action) => action.startsWith('dynamodb:')))).toEqual(wanted);
  });

  it('scales every table and index both ways where capacity is provisioned', () => {
    const targets = ofType('AWS::ApplicationAutoScaling::ScalableTarget');
    const scaled = targets.map(([, { Properties }]) => [
      Properties.ResourceId['Fn::Sub'],
      Properties.ScalableDimension,
    ]);
    const both = (id: string, kind: string) =>
      ['Read', 'Write'].map((direction) => [id, `dynamodb:${kind}:${direction}CapacityUnits`]);
    expect(scaled).toEqual(
      definitions.flatMap(({ name, indexes }) => [
        ...both(`table/\${${name}Table}`, 'table'),
        ...indexes.flatMap((index) => both(`table/\${${name}Table}/index/${index.name}`, 'index')),
      ]),
    );
    const policies = ofType('AWS::ApplicationAutoScaling::ScalingPolicy');
    expect(policies.map(([, { Properties }]) => Properties.ScalingTargetId.Ref)).toEqual(
      targets.map(([name]) => name),
    );
    for (const [, { Condition }] of [...targets, ...policies]) expect(Condition).toBe('IsProvisioned');
  });

  it('sends every alarm to the topic, and shows every table', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm');
    expect(alarms.map(([name]) => name.replace(/Alarm$/, '')).sort()).toEqual(
      [
        ...['BucketErrors', 'ReadBudget', 'UserErrors', 'WriteBudget'],
        ...definitions.flatMap(({ name, indexes }) => [
          ...[`${name}SystemErrors`, `${name}Throttled`],
          ...indexes.map((index) => `${pascalCase(index.name)}Throttled`),
        ]),
      ].sort(),
    );
    for (const [, { Properties }] of alarms) {
      const topic = { 'Fn::If': ['HasAlarmTopic', { Ref: 'AlarmTopicArn' }, { Ref: 'AlarmTopic' }] };
      expect([Properties.AlarmActions, Properties.OKActions]).toEqual([[topic], [topic]]);
    }
    const { widgets } = JSON.parse(propertiesOf('Dashboard').DashboardBody['Fn::Sub']);
    expect(widgets).toHaveLength(4 * definitions.length);
  });
});

describe('Tables made from the template', () => {
  const config = testConfig();
  const client = testClient(config);

  afterAll(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
  });

  it('are what npm run tables would have made', async () => {
    const names = Object.fromEntries(
      Object.entries(LOGICAL_NAMES).map(([table, name]) => [
        `${name}TableName`,
        config.tables[table as keyof typeof config.tables],
      ]),
    );
    for (const [, { Properties }] of ofType('AWS::DynamoDB::Table')) {
      const {
        TimeToLiveSpecification,
        PointInTimeRecoverySpecification,
        DeletionProtectionEnabled,
        ...table
      } = resolved(Properties, names);
      expect([PointInTimeRecoverySpecification, DeletionProtectionEnabled]).not.toContain(undefined);
      await client.send(new CreateTableCommand(table as CreateTableCommandInput));
      if (TimeToLiveSpecification) {
        const input = { TableName: table.TableName, TimeToLiveSpecification };
        await client.send(new UpdateTimeToLiveCommand(input));
      }
    }
    expect(await new TableCreator(client).ensure(tableDefinitions(config.tables))).toEqual(
      Object.values(config.tables).map((table) => ({ table, created: false })),
    );
  });
});

describeWith('cfn-lint')('cfn-lint', () => {
  it('finds nothing', () => {
    const { status, stdout } = spawnSync('cfn-lint', [FILE], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  }, 120_000);
});

describeWith('moto_server')('A deployment to moto', () => {
  let server: ChildProcess;
  let endpoint: string;
  let client: DynamoDBClient;

  beforeAll(async () => {
    server = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    server.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const listening = () => /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
    while (listening() === undefined && server.exitCode === null) await sleep(50);
    endpoint = listening() ?? '';
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  }, 60_000);

  afterAll(async () => {
    client.destroy();
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  });

  /** The answer of CloudFormation, in XML. */
  async function cloudFormation(action: string, input: Record<string, string>): Promise<string> {
    const answer = await fetch(endpoint, {
      method: 'POST',
      body: new URLSearchParams({ Action: action, Version: '2010-05-15', ...input }),
      headers: {
        // Names the service and the region; moto reads nothing else of it.
        Authorization:
          'AWS4-HMAC-SHA256 Credential=local/20250101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0',
      },
    });
    return answer.text();
  }

  it.each(['PAY_PER_REQUEST', 'PROVISIONED'])(
    'makes tables that are as they should be, %s',
    async (billing) => {
      const suffix = randomUUID();
      const tables = testTableNames();
      const chosen = {
        BillingMode: billing,
        ...Object.fromEntries(
          TABLE_KEYS.map((table) => [tableNameParameter(LOGICAL_NAMES[table]), tables[table]]),
        ),
        BucketName: `audio-${suffix}`,
        AppOrigins: 'https://app.example.com,https://app.example.org',
        BucketVersioning: 'on',
        BucketRequestMetrics: 'on',
        AlarmEmail: 'ops@example.com',
        // moto does not take AWS::NoValue out of a list as CloudFormation does.
        KmsKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/0d3b1f4e',
      };
      const StackName = `stack-${suffix}`;
      const parameters = Object.entries(chosen).flatMap(([key, value], i) => [
        [`Parameters.member.${i + 1}.ParameterKey`, key],
        [`Parameters.member.${i + 1}.ParameterValue`, value],
      ]);
      const created = await cloudFormation('CreateStack', {
        StackName,
        TemplateBody: text,
        'Capabilities.member.1': 'CAPABILITY_IAM',
        ...(Object.fromEntries(parameters) as Record<string, string>),
      });
      expect(created).toContain('<StackId>');
      const stacks = await cloudFormation('DescribeStacks', { StackName });
      expect(stacks).toContain('<StackStatus>CREATE_COMPLETE</StackStatus>');
      expect(stacks).toContain(`<OutputValue>audio-${suffix}</OutputValue>`);
      expect(await new TableCreator(client).ensure(tableDefinitions(tables))).toEqual(
        Object.values(tables).map((table) => ({ table, created: false })),
      );
    },
    60_000,
  );
});
