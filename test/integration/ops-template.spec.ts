import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, it } from '@jest/globals';
import { LOGICAL_NAMES } from '../../scripts/ops/parameters.js';
import { buildTemplates } from '../../scripts/ops/template.js';
import { TableCreator } from '../../src/database/table-creator.js';
import { type TableDefinition, tableDefinitions } from '../../src/database/tables.js';
import { QUARANTINE_DAYS, QUARANTINE_FOLDER, TABLES_MARKER_KEY } from '../../src/config/reserved-keys.js';
import { DEFINITIONS, FILES, ofType, type Parsed, templateOf, valuesOf } from '../support/ops-templates.js';
import { deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

const FILE = 'ops/cloudformation.json';

const template = templateOf(FILE);

/** A value as CloudFormation has it where no condition holds, with the parameters' defaults but for the names of tables. */
function resolved(value: Parsed, names: Record<string, string>): Parsed {
  if (Array.isArray(value)) return value.map((item) => resolved(item, names));
  if (typeof value !== 'object' || value === null) return value;
  if ('Fn::If' in value) return resolved(value['Fn::If'][2], names);
  if (value.Ref === 'AWS::NoValue') return undefined;
  if ('Ref' in value) return names[value.Ref] ?? (template.Parameters[value.Ref] as Parsed).Default;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner, names)]));
}

function propertiesOf(resource: string): Parsed {
  return template.Resources[resource]?.Properties;
}

describe('The templates in ops/', () => {
  const write = (mode: string) =>
    execFileSync(process.execPath, ['--import', 'tsx', 'scripts/ops/write-template.ts', mode], {
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8',
    });

  it('are what the generator makes of the tables', () => {
    const built = buildTemplates();
    expect(Object.keys(built)).toEqual(FILES);
    for (const file of FILES) expect([file, templateOf(file)]).toEqual([file, built[file]]);
    expect(write('--check')).toBe('');
  });

  it.each<[string, (definition: TableDefinition) => TableDefinition]>([
    ['a key', (d) => ({ ...d, partitionKey: { name: 'other', type: 'S' } })],
    ['the type of a key', (d) => ({ ...d, partitionKey: { ...d.partitionKey, type: 'N' } })],
    ['the name of an index', (d) => ({ ...d, indexes: d.indexes.map((i) => ({ ...i, name: 'other' })) })],
    ['a projection', (d) => ({ ...d, indexes: d.indexes.map((i) => ({ ...i, projection: 'KEYS_ONLY' })) })],
    ['an index', (d) => ({ ...d, indexes: [] })],
    ['the time to live', (d) => ({ ...d, timeToLive: 'other' })],
  ])('is stale once %s of a table changes', (_what, change) => {
    const [first, ...others] = DEFINITIONS as [TableDefinition, ...TableDefinition[]];
    expect(template).not.toEqual(buildTemplates([change(first), ...others])[FILE]);
  });

  it.each(FILES)('%s refers to nothing that is not there, and has nothing that is not used', (file) => {
    const { Parameters, Conditions = {}, Resources, ...rest } = templateOf(file);
    const declared = new Set([...Object.keys(Parameters), ...Object.keys(Resources)]);
    const all = { Conditions, Resources, ...rest };
    const refs = valuesOf('Ref', all).filter((name) => !String(name).startsWith('AWS::'));
    const attributes = valuesOf('Fn::GetAtt', all).map((path) => (path as string[])[0]);
    const substituted = valuesOf('Fn::Sub', all)
      .flatMap((subject) => [...String(subject).matchAll(/\$\{(\w+)[^}]*\}/g)].map((match) => match[1]))
      .filter((name) => name !== 'AWS');
    const named = new Set([...refs, ...attributes, ...substituted].map(String));
    expect([...named].filter((name) => !declared.has(name))).toEqual([]);
    expect(Object.keys(Parameters).filter((name) => !named.has(name))).toEqual([]);
    const used = [
      ...valuesOf('Fn::If', all).map((branches) => (branches as string[])[0]),
      ...valuesOf('Condition', Conditions),
      ...Object.values(Resources).flatMap(({ Condition }) => Condition ?? []),
    ].map(String);
    expect(used.filter((name) => !Object.hasOwn(Conditions, name))).toEqual([]);
    expect(Object.keys(Conditions).filter((name) => !used.includes(name))).toEqual([]);
  });

  it('keeps its tables and audio whatever becomes of the stack, unless it could not be made', () => {
    const tables = ofType(template, 'AWS::DynamoDB::Table');
    const kept = [...tables, ...ofType(template, 'AWS::S3::Bucket')];
    expect(kept.map(([name]) => name)).toEqual([
      ...DEFINITIONS.map(({ name }) => `${name}Table`),
      'AudioBucket',
    ]);
    for (const [, resource] of kept) {
      expect(resource).toMatchObject({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
    }
    expect(valuesOf('DeletionPolicy', template)).not.toContain('Retain');
    for (const [name, { Properties }] of tables) {
      expect(Properties).toMatchObject({
        // Protected tables cannot be taken away by a rollback either.
        DeletionProtectionEnabled: { 'Fn::If': ['IsProtected', true, false] },
        // Nobody would restore counts of a minute.
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: name !== 'LimitsTable' },
      });
      // Absent: encrypted with the key of DynamoDB.
      expect(Properties).not.toHaveProperty('SSESpecification');
    }
    expect(template.Parameters['DeletionProtection']).toMatchObject({ Default: 'on' });
    const [, command = ''] = /```sh\n([\s\S]*?)```/.exec(readFileSync('ops/README.md', 'utf8')) ?? [];
    expect(command).toContain('DeletionProtection=off');
  });

  it('bills the table of limits on demand, whatever the others are billed by', () => {
    expect(propertiesOf('LimitsTable')).toMatchObject({ BillingMode: 'PAY_PER_REQUEST' });
    expect(propertiesOf('LimitsTable')).not.toHaveProperty('ProvisionedThroughput');
    expect(propertiesOf('SessionsTable')).toMatchObject({ BillingMode: { Ref: 'BillingMode' } });
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
    const statements = ofType(template, 'AWS::IAM::ManagedPolicy').flatMap(
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
    for (const [, { Properties }] of ofType(template, 'AWS::DynamoDB::Table')) {
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
