import { type DynamoDBClient, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { NumberValue } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AppConfig } from '../../src/config/config.js';
import {
  type Finding,
  Takeover,
  type TakeoverOptions,
  type TakeoverReport,
} from '../../src/takeover/takeover.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';
import { allRows, olderAudioFile, olderUser, putRows, type Row, sorted } from '../support/takeover-rows.js';

const NOTHING: TakeoverReport = {
  users: 0,
  audioFiles: 0,
  unreadable: 0,
  duplicateEmails: 0,
  unnormalisedEmails: 0,
  foreignHashes: 0,
  claimed: 0,
  missingClaims: 0,
};

const claim = ({ user_id, email }: { user_id: string; email: string }): Row => ({
  user_id: `email#${email}`,
  owner_id: user_id,
});

describe('Takeover', () => {
  let config: AppConfig;
  let client: DynamoDBClient;
  let users: string;
  let audioFiles: string;
  let findings: Finding[];

  beforeEach(async () => {
    config = testConfig();
    ({ users, audioFiles } = config.tables);
    client = testClient(config);
    findings = [];
    await createTestTables(client, config.tables);
  });

  afterEach(async () => {
    await deleteTestTables(client, config.tables).catch(() => undefined);
    client.destroy();
  });

  const run = (apply: boolean, onProgress: TakeoverOptions['onProgress'] = () => undefined) =>
    new Takeover(client, config.tables, { apply, onProgress, onFinding: (f) => findings.push(f) }).run();

  it('changes nothing on a dry run, and says what it would write', async () => {
    const claimed = olderUser();
    const others = [olderUser(), olderUser()];
    await putRows(client, users, [claimed, claim(claimed), ...others]);
    await putRows(client, audioFiles, [olderAudioFile()]);
    const before = [await allRows(client, users), await allRows(client, audioFiles)];
    expect(await run(false)).toEqual({
      ...NOTHING,
      users: 3,
      audioFiles: 1,
      claimed: 1,
      missingClaims: 2,
    });
    expect(findings).toEqual([]);
    expect([await allRows(client, users), await allRows(client, audioFiles)]).toEqual(before);
  });

  it('writes exactly the claims that are missing, and finds nothing to do when run again', async () => {
    const fine = [olderUser(), olderUser(), olderUser({ password_hash: '$2b$12$bcrypt' })];
    const unnormalised = olderUser({ email: ' Ada@Example.com' });
    const unreadable = olderUser({ key_salt: 'c2hvcnQ=' });
    const shared = [olderUser({ email: 'bob@example.com' }), olderUser({ email: 'bob@example.com' })];
    const rows = [...fine, claim(fine[0]!), unnormalised, unreadable, ...shared];
    await putRows(client, users, rows);

    expect(await run(true)).toMatchObject({ users: 7, claimed: 1, missingClaims: 2 });
    const expected = sorted([...rows, ...fine.slice(1).map(claim)]);
    expect(await allRows(client, users)).toEqual(expected);

    expect(await run(true)).toMatchObject({ users: 7, claimed: 3, missingClaims: 0 });
    expect(await run(false)).toMatchObject({ users: 7, claimed: 3, missingClaims: 0 });
    expect(await allRows(client, users)).toEqual(expected);
  });

  it('reads pages without end, and tells how far it is', async () => {
    await putRows(
      client,
      users,
      Array.from({ length: 230 }, () => olderUser()),
    );
    await putRows(
      client,
      audioFiles,
      Array.from({ length: 120 }, () => olderAudioFile()),
    );
    const progress: string[] = [];
    const report = await run(false, ({ reading, rows }) => progress.push(`${reading} ${rows}`));
    expect(report).toMatchObject({ users: 230, audioFiles: 120, missingClaims: 230 });
    expect(progress).toEqual(
      expect.arrayContaining(['emails 100', 'emails 230', 'accounts 200', 'accounts 230', 'audio files 120']),
    );
  });

  it('completes when it is started again after it was stopped in the middle', async () => {
    const accounts = Array.from({ length: 230 }, () => olderUser());
    await putRows(client, users, accounts);
    const stopped = run(true, ({ reading }) => {
      if (reading === 'accounts') throw new Error('stopped');
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect(await allRows(client, users)).toHaveLength(330);

    // Its own claims are among the rows now.
    expect(await run(true)).toEqual({ ...NOTHING, users: 230, claimed: 100, missingClaims: 130 });
    expect(await allRows(client, users)).toEqual(sorted([...accounts, ...accounts.map(claim)]));
  });

  it.each<[string, string[], Partial<TakeoverReport>]>([
    ['that is the same', ['ada@example.com', 'ada@example.com'], {}],
    ['that one of them wrote otherwise', ['Ada@Example.com ', 'ada@example.com'], { unnormalisedEmails: 1 }],
    [
      'that one of them composed otherwise',
      ['jose\u0301@example.com', 'jos\u00e9@example.com'],
      { unnormalisedEmails: 1 },
    ],
    ['that both wrote otherwise', ['Ada@example.com', 'ADA@example.com'], { unnormalisedEmails: 2 }],
    ['that both wrote otherwise alike', ['Ada@example.com', 'Ada@example.com'], { unnormalisedEmails: 2 }],
  ])('reports every account with an email %s, and claims it for none', async (_case, emails, counts) => {
    const accounts = emails.map((email) => olderUser({ email }));
    await putRows(client, users, accounts);
    expect(await run(true)).toEqual({ ...NOTHING, users: 2, duplicateEmails: 2, ...counts });
    const duplicates = findings.filter(({ problem }) => problem === 'email belongs to another account too');
    expect(duplicates.map(({ key }) => key).sort()).toEqual(accounts.map(({ user_id }) => user_id).sort());
    expect(await allRows(client, users)).toEqual(sorted(accounts));
  });

  it('counts the email of an account that cannot be read', async () => {
    const broken = olderUser({ key_salt: undefined });
    await putRows(client, users, [broken, olderUser({ email: broken.email })]);
    expect(await run(true)).toMatchObject({ unreadable: 1, duplicateEmails: 2, missingClaims: 0 });
  });

  it.each<[Row, string[], Partial<TakeoverReport>]>([
    [{ email: undefined }, ['email is missing'], { unreadable: 1 }],
    [{ password_hash: undefined }, ['password_hash is missing'], { unreadable: 1 }],
    [{ password_hash: '' }, ['password_hash is not a text'], { unreadable: 1 }],
    [{ key_salt: undefined }, ['key_salt is missing'], { unreadable: 1 }],
    [{ key_salt: 7 }, ['key_salt is not a text'], { unreadable: 1 }],
    [{ key_salt: 'c2hvcnQ=' }, ['key_salt is not 32 bytes in base64'], { unreadable: 1 }],
    [{ created_at: undefined }, ['created_at is missing'], { unreadable: 1 }],
    [{ created_at: null }, ['created_at is missing'], { unreadable: 1 }],
    [{ created_at: '1758762381' }, ['created_at is not a time in Unix seconds'], { unreadable: 1 }],
    [{ created_at: 1_758_762_381_123 }, ['created_at is not a time in Unix seconds'], { unreadable: 1 }],
    [{ created_at: 2n ** 70n }, ['created_at is not a time in Unix seconds'], { unreadable: 1 }],
    [
      { email: `${'a'.repeat(243)}@example.com` },
      ['email is longer than 254 characters'],
      { unreadable: 1, missingClaims: 0 },
    ],
    [
      { key_salt: undefined, created_at: 'x' },
      ['key_salt is missing', 'created_at is not a time in Unix seconds'],
      { unreadable: 1 },
    ],
    [{ email: 'a@example.com\n' }, ['email is not trimmed and lower case'], { unnormalisedEmails: 1 }],
    [
      { email: 'jose\u0301@example.com' },
      ['email is not in its canonical form, and found only as it is written'],
      { unnormalisedEmails: 1, missingClaims: 1 },
    ],
    [
      { email: 'a\u200bda@example.com' },
      ['email has characters that no new account may have'],
      { unnormalisedEmails: 1, missingClaims: 1 },
    ],
    [{ email: 'Ä@example.com' }, ['email is not trimmed and lower case'], { unnormalisedEmails: 1 }],
    ...[
      '$2b$12$abcdefghijklmnopqrstuv',
      'plain',
      '$argon2id$v=19$m=65536,t=3,p=4$',
      '$argon2x$m=1,t=1,p=1$a$b',
    ].map((password_hash): [Row, string[], Partial<TakeoverReport>] => [
      { password_hash },
      ['password_hash is not Argon2'],
      { foreignHashes: 1, missingClaims: 1 },
    ]),
  ])('reports what is wrong with an account with %p', async (overrides, problems, counts) => {
    const user = olderUser(overrides);
    await putRows(client, users, [user]);
    expect(await run(false)).toEqual({ ...NOTHING, users: 1, ...counts });
    expect(findings).toEqual(problems.map((problem) => ({ table: users, key: user.user_id, problem })));
  });

  it.each<[Row, string[]]>([
    [{ s3_key: undefined, user_id: undefined }, ['user_id is missing', 's3_key is missing']],
    [{ uploaded_at: 1_758_762_381_123 }, ['uploaded_at is not a time in Unix seconds']],
    [{ recorded_at: 'yesterday' }, ['recorded_at is not a time in Unix seconds']],
    [{ file_size: '12' }, ['file_size is not a number of bytes']],
    [{ file_size: -1 }, ['file_size is not a number of bytes']],
    [{ file_size: 2n ** 70n }, ['file_size is not a number of bytes']],
    // At which the SDK throws.
    [{ file_size: NumberValue.from('99999999999999999999.5') }, ['file_size is not a number of bytes']],
  ])('reports what is wrong with an audio file with %p', async (overrides, problems) => {
    const file = olderAudioFile(overrides);
    await putRows(client, audioFiles, [file, olderAudioFile({ file_size: null, recorded_at: null })]);
    expect(await run(false)).toEqual({ ...NOTHING, audioFiles: 2, unreadable: 1 });
    expect(findings).toEqual(
      problems.map((problem) => ({ table: audioFiles, key: file['file_id'], problem })),
    );
  });

  it('shows no key that is no id', async () => {
    await putRows(client, users, [olderUser({ user_id: 'ada@example.com', key_salt: undefined })]);
    await putRows(client, audioFiles, [olderAudioFile({ file_id: '\u001b[2Jcleared' })]);
    await run(false);
    expect(findings.map(({ key, problem }) => `${key}: ${problem}`)).toEqual([
      '(a key of 15 characters that is no id): key_salt is missing',
      '(a key of 11 characters that is no id): file_id is not a UUID',
    ]);
  });

  it('needs no table of sessions', async () => {
    await client.send(new DeleteTableCommand({ TableName: config.tables.sessions }));
    await putRows(client, users, [olderUser()]);
    expect(await run(true)).toMatchObject({ missingClaims: 1 });
  });

  it('writes nothing when one of the two tables is missing', async () => {
    const user = olderUser();
    await putRows(client, users, [user]);
    await client.send(new DeleteTableCommand({ TableName: audioFiles }));
    await expect(run(true)).rejects.toThrow(`Table ${audioFiles} does not exist`);
    expect(await allRows(client, users)).toEqual([sorted([user])[0]]);
  });
});
