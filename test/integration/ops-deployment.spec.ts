import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { format, resolveConfig } from 'prettier';
import type { Resource } from '../../scripts/ops/cloudformation.js';
import { LOGICAL_NAMES, tableNameParameter } from '../../scripts/ops/parameters.js';
import { buildTemplates } from '../../scripts/ops/template.js';
import { TABLE_KEYS } from '../../src/config/table-names.js';
import { TableCreator } from '../../src/database/table-creator.js';
import { type TableDefinition, tableDefinitions } from '../../src/database/tables.js';
import {
  DEFINITIONS,
  FILES,
  INLINE_LIMIT,
  type Parsed,
  templateOf,
  textOf,
  valuesOf,
} from '../support/ops-templates.js';
import { testTableNames } from '../support/test-tables.js';

/** So many tables fit into templates that are taken inline, those that are there among them. */
const TABLES_THAT_FIT = 6;

/** `describe` where the program is installed; elsewhere the tests are skipped, and a line says so. */
function describeWith(program: string): typeof describe | typeof describe.skip {
  if (spawnSync(program, ['--help']).status === 0) return describe;
  process.stderr.write(
    `Skipped: the tests with ${program}, which is not on the PATH (pip install ${program})\n`,
  );
  return describe.skip;
}

describe('The size of the templates', () => {
  it.each(FILES)('%s is taken without a bucket to take it from', (file) => {
    expect(Buffer.byteLength(textOf(file))).toBeLessThanOrEqual(INLINE_LIMIT);
  });

  it(`leaves room for ${TABLES_THAT_FIT} tables and a function with all that belongs to it`, async () => {
    const model = DEFINITIONS.at(-1) as TableDefinition;
    const more = Array.from({ length: Math.max(0, TABLES_THAT_FIT - DEFINITIONS.length) }, (_, n) => ({
      ...model,
      name: `Transcripts${n}`,
      indexes: model.indexes.map((index) => ({ ...index, name: `user-transcripts-${n}-index` })),
    }));
    const built = buildTemplates([...DEFINITIONS, ...more]);
    const busiest = valuesOf('Action', built).sort((a, b) => String(b).length - String(a).length)[0];
    for (const statement of valuesOf('Statement', built).flat<Parsed>()) {
      // Nobody has said yet what is called of them.
      if (statement.Action?.length === 0) statement.Action = busiest;
    }
    const lambda: Resource = {
      Type: 'AWS::Lambda::Function',
      Properties: { Code: { ZipFile: 'x'.repeat(4096) }, Handler: 'index.handler', Runtime: 'nodejs24.x' },
    };
    const sizes: Record<string, number> = {};
    for (const [file, template] of Object.entries(built)) {
      const Resources = { ...template.Resources, ...(file === FILES[0] && { Function: lambda }) };
      const text = await format(JSON.stringify({ ...template, Resources }), {
        ...(await resolveConfig(file)),
        filepath: file,
      });
      sizes[file] = Buffer.byteLength(text);
    }
    const tooLarge = Object.entries(sizes).filter(([, bytes]) => bytes > INLINE_LIMIT);
    // Whoever reads this has added resources to a template, or a table beyond those that fit. Move resources into a template
    // of their own (`buildTemplates` in scripts/ops/template.ts), or deploy the template with `--s3-bucket`: then name it
    // under "Deploy" in ops/README.md, change the number there, and leave it out here and in the test above.
    expect({ templatesTooLargeToDeployInline: tooLarge }).toEqual({ templatesTooLargeToDeployInline: [] });
  });
});

describeWith('cfn-lint')('cfn-lint', () => {
  it('finds nothing', () => {
    const { status, stdout } = spawnSync('cfn-lint', FILES, { encoding: 'utf8' });
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

  /** What is said of a new stack, in XML. */
  async function deploy(file: (typeof FILES)[number], values: Record<string, string>): Promise<string> {
    const StackName = `stack-${randomUUID()}`;
    const known = Object.keys(templateOf(file).Parameters).filter((name) => name in values);
    const parameters = known.flatMap((name, i) => [
      [`Parameters.member.${i + 1}.ParameterKey`, name],
      [`Parameters.member.${i + 1}.ParameterValue`, values[name]],
    ]);
    const created = await cloudFormation('CreateStack', {
      StackName,
      TemplateBody: textOf(file),
      'Capabilities.member.1': 'CAPABILITY_IAM',
      ...(Object.fromEntries(parameters) as Record<string, string>),
    });
    expect(created).toContain('<StackId>');
    return cloudFormation('DescribeStacks', { StackName });
  }

  it.each(['PAY_PER_REQUEST', 'PROVISIONED'])(
    'makes tables that are as they should be, %s',
    async (billing) => {
      const suffix = randomUUID();
      const tables = testTableNames();
      const chosen = {
        BillingMode: billing,
        DeletionProtection: billing === 'PROVISIONED' ? 'on' : 'off',
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
      for (const file of FILES.filter((name) => billing === 'PROVISIONED' || name !== 'ops/scaling.json')) {
        const stacks = await deploy(file, chosen);
        expect(stacks).toContain('<StackStatus>CREATE_COMPLETE</StackStatus>');
        if (file === 'ops/cloudformation.json')
          expect(stacks).toContain(`<OutputValue>audio-${suffix}</OutputValue>`);
      }
      // moto does not turn on the time to live that the template asks for.
      const ensured = await new TableCreator(client).ensure(tableDefinitions(tables));
      expect(ensured.map(({ table, created }) => ({ table, created }))).toEqual(
        Object.values(tables).map((table) => ({ table, created: false })),
      );
    },
    60_000,
  );
});
