import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AppConfig } from '../../src/config/config.js';
import { engine } from '../support/engine.js';
import { allRows, olderAudioFile, olderUser, putRows } from '../support/takeover-rows.js';
import {
  createTestTables,
  deleteTestTables,
  tableEnvironment,
  testClient,
  testConfig,
} from '../support/test-tables.js';

interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** Without the lines that say how far it is, which only a slow machine gets to see. */
  readonly errors: string;
  readonly progress: string;
  /** The highest resident memory, MiB; 0 where it cannot be read. */
  readonly peakMib: number;
}

const LINUX = process.platform === 'linux';
const MEASURES_MEMORY = LINUX && engine().kind === 'embedded';
if (!MEASURES_MEMORY) {
  process.stderr.write(
    'The memory of the takeover is not measured: that wants Linux and the embedded engine\n',
  );
}

describe('npm run takeover', () => {
  let config: AppConfig;
  let client: DynamoDBClient;

  beforeEach(async () => {
    config = testConfig();
    client = testClient(config);
    await createTestTables(client, config.tables);
  });

  afterEach(async () => {
    await deleteTestTables(client, config.tables).catch(() => undefined);
    client.destroy();
  });

  /** Runs the command with what it needs in its environment, and nothing else: no key, no table of sessions. */
  async function takeover(args: string[], environment: Record<string, string> = {}): Promise<Ended> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/commands/takeover.ts', ...args], {
      env: {
        PATH: process.env['PATH'],
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        DYNAMODB_ENDPOINT: engine().endpoint,
        ...tableEnvironment(config.tables),
        ...environment,
      },
    });
    let [output, errors, peakMib] = ['', '', 0];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const timer = setInterval(() => (peakMib = Math.max(peakMib, peakOf(child.pid))), 20);
    const [code] = (await once(child, 'close')) as [number | null];
    clearInterval(timer);
    const progress = (errors.match(/^….*\n/gm) ?? []).join('');
    return { code, output, errors: errors.replace(/^….*\n/gm, ''), progress, peakMib };
  }

  const counts = (output: string) =>
    Object.fromEntries(
      [...output.matchAll(/^([a-zA-Z0-9 ]+): +(\d+)$/gm)].map(([, what, count]) => [what, Number(count)]),
    );

  it('only checks where nothing else is asked for, and prints neither emails nor secrets', async () => {
    const accounts = [
      olderUser({ email: 'Ada@Example.com ' }),
      olderUser({ email: 'ada@example.com', password_hash: '$2b$12$bcrypt-hash' }),
      olderUser({ email: 'bob@example.com', created_at: 'yesterday' }),
      olderUser(),
    ];
    await putRows(client, config.tables.users, accounts);
    await putRows(client, config.tables.audioFiles, [olderAudioFile()]);
    await client.send(new DeleteTableCommand({ TableName: config.tables.sessions }));
    const checked = await takeover([]);
    expect(checked).toMatchObject({ code: 0, errors: '' });
    expect(counts(checked.output)).toEqual({
      'accounts read': 4,
      'audio files read': 1,
      'rows that cannot be read': 1,
      'accounts that share an email': 2,
      'emails that are not normalised': 1,
      'hashes that are not Argon2': 1,
      'claims there already': 0,
      'claims to write': 1,
    });
    for (const { user_id: userId } of accounts.slice(0, 3)) expect(checked.output).toContain(userId);
    expect(checked.output).toContain('npm run takeover -- --apply');
    expect(checked.output).not.toMatch(/@|\$|bcrypt|yesterday/);
    for (const { key_salt: salt } of accounts) expect(checked.output).not.toContain(salt);

    const order = (text: string) => text.split('\n').sort();
    expect(order((await takeover(['--check'])).output)).toEqual(order(checked.output));
    expect(await allRows(client, config.tables.users)).toHaveLength(4);
  });

  it('writes with --apply', async () => {
    await putRows(client, config.tables.users, [olderUser(), olderUser()]);
    const applied = await takeover(['--apply']);
    expect(applied).toMatchObject({ code: 0, errors: '' });
    expect(counts(applied.output)).toMatchObject({ 'claims written': 2 });
    expect(await allRows(client, config.tables.users)).toHaveLength(4);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ['an unknown option', ['--aply'], {}, "Unknown option '--aply'\\nUsage: [^]*"],
    ['an argument', ['apply'], {}, "Unexpected argument 'apply'[^]*\\nUsage: [^]*"],
    ['a value', ['--apply=no'], {}, "Option '--apply' does not take an argument\\nUsage: [^]*"],
    ['both options', ['--check', '--apply'], {}, 'choose one of --check and --apply\\nUsage: [^]*'],
    [
      'a missing table',
      ['--apply'],
      { USERS_TABLE: 'no-such-table' },
      'The takeover stopped: Table no-such-table does not exist',
    ],
    [
      'a database that is not there',
      [],
      { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1' },
      'The takeover stopped: ECONNREFUSED.*',
    ],
    [
      'no credentials',
      [],
      {
        ...{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
        AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      },
      'The takeover stopped: There are no credentials for AWS: set AWS_ACCESS_KEY_ID and .*',
    ],
    ['a wrong setting', [], { DYNAMODB_ENDPOINT: 'nowhere' }, 'DYNAMODB_ENDPOINT must be a URL such as .*'],
  ])('says what is wrong with %s, and nothing else', async (_case, args, environment, line) => {
    const ended = await takeover(args, environment);
    expect(ended.errors).toMatch(new RegExp(`^${line}\\n$`));
    expect(ended).toMatchObject({ code: 1, output: '' });
  });

  (MEASURES_MEMORY ? it : it.skip)(
    'takes no more memory for 20,000 accounts than for 2,000',
    async () => {
      // Ballast, so that holding on to the rows would take 50 MiB more.
      const accounts = function* (count: number) {
        for (let i = 0; i < count; i++) yield olderUser({ ballast: String(i).padEnd(2500, 'x') });
      };
      await putRows(client, config.tables.users, accounts(2000));
      const few = await takeover([]);
      await putRows(client, config.tables.users, accounts(18_000));
      const many = await takeover([]);
      expect(counts(few.output)).toMatchObject({ 'accounts read': 2000 });
      expect(counts(many.output)).toMatchObject({
        'accounts read': 20_000,
        'claims to write': 20_000,
      });
      expect(many.errors).toBe('');
      expect(many.progress).toMatch(/^(… reading (emails|accounts): \d+ rows so far\n)*$/);
      expect(few.peakMib).toBeGreaterThan(50);
      expect(many.peakMib - few.peakMib).toBeLessThan(40);
      if (process.env['SHOW_PEAK']) process.stderr.write(`${few.peakMib} ${many.peakMib}\n`);
    },
    90_000,
  );
});

function peakOf(pid: number | undefined): number {
  if (!LINUX) return 0;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}
