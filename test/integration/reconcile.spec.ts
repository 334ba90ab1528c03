import { randomUUID } from 'node:crypto';
import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nowSeconds } from '../../src/common/time.js';
import type { AppConfig } from '../../src/config/config.js';
import { AudioFilesRepository } from '../../src/audio-files/audio-files.repository.js';
import { ObjectKeys } from '../../src/audio-files/object-keys.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { Database } from '../../src/database/database.js';
import { Bucket } from '../../src/reconcile/bucket.js';
import { ClosedAccountsPass } from '../../src/reconcile/closed-accounts-pass.js';
import { DeletionLimit } from '../../src/reconcile/deletion-limit.js';
import { ClosedAccountsRepository } from '../../src/users/closed-accounts.repository.js';
import { type TableDefinition, tableDefinitions, tablesToSweep } from '../../src/database/tables.js';
import { ReconcileRepository } from '../../src/reconcile/reconcile.repository.js';
import { Reconcile, type ReconcileOptions } from '../../src/reconcile/reconcile.js';
import { emptyReport, type Finding, type ReconcileReport } from '../../src/reconcile/report.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { adoptBucket } from '../support/adopted-bucket.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { allRows, olderAudioFile, olderUser, putRows, type Row } from '../support/takeover-rows.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

const HOUR = 3600;

/** A bucket of its own for each test: others put objects without records into the one that all share. */
describe('Reconcile', () => {
  let config: AppConfig;
  let client: DynamoDBClient;
  let s3: S3Client;
  let ada: string;
  let findings: Finding[];

  beforeEach(() => arrange());

  afterEach(async () => {
    await deleteTestTables(client, config.tables).catch(() => undefined);
    client.destroy();
    s3.destroy();
  });

  async function arrange(environment: Record<string, string> = {}): Promise<void> {
    config = testConfig({ AWS_S3_BUCKET_NAME: `b-${randomUUID()}`, ...environment });
    client = testClient(config);
    s3 = createS3Client(config);
    findings = [];
    await createTestTables(client, config.tables);
    await s3.send(new CreateBucketCommand({ Bucket: config.storage.bucket }));
    await adoptBucket(client, s3, config);
    const user = olderUser();
    ada = user.user_id;
    await putRows(client, config.tables.users, [user]);
  }

  const reconcile = async (
    apply: boolean,
    { hoursFromNow = 48, ...options }: Partial<ReconcileOptions> & { hoursFromNow?: number } = {},
  ): Promise<ReconcileReport & { objection?: string }> => {
    findings = [];
    const store = new OperatorStore(s3, config.storage.bucket, config.storage.budgetMs);
    const { report, objection } = await new Reconcile(client, store, config, {
      apply,
      ...{ olderThanHours: 24, maxDeletions: 100 },
      now: () => nowSeconds() + hoursFromNow * HOUR,
      onProgress: () => undefined,
      onFinding: (finding) => findings.push(finding),
      ...options,
    }).run();
    return { ...report, ...(objection !== undefined && { objection }) };
  };

  const put = (Key: string, Body = 'abc') =>
    s3.send(new PutObjectCommand({ Bucket: config.storage.bucket, Key, Body }));

  const keys = async (): Promise<string[]> => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: config.storage.bucket }));
    return Contents.map(({ Key = '' }) => Key)
      .filter((key) => !/^(quarantine|reconcile)\//.test(key))
      .sort();
  };

  const own = (name: string) => `audio_upload/${ada}/${name}`;

  const record = (overrides: Row): Row & { file_id: string } => ({
    ...olderAudioFile({ user_id: ada, uploaded_at: nowSeconds(), ...overrides }),
    file_id: (overrides['file_id'] as string | undefined) ?? randomUUID(),
  });

  const store = (...rows: Row[]) => putRows(client, config.tables.audioFiles, rows);
  const records = () => allRows(client, config.tables.audioFiles);
  const told = () => findings.map(({ kind, key, problem }) => `${kind} ${key}: ${problem}`).sort();

  it('makes old pending records ready whose audio is there, and deletes the others', async () => {
    const pending = (s3Key: string, more: Row = {}) =>
      record({ s3_key: own(s3Key), status: 'pending', file_size: 3, ...more });
    const there = pending('there', { version: 4 });
    const [missing, changed] = [pending('missing'), pending('changed', { version: 2 })];
    const wrong = pending('wrong', { file_size: 4 });
    await store(there, missing, changed, wrong);
    await put(own('there'));
    await put(own('wrong'));
    const before = await records();

    const expected = { ...emptyReport(), records: 4, objects: 2, completed: 1, abandoned: 3 };
    expect(await reconcile(false)).toEqual(expected);
    const lines = [
      `pending ${there.file_id}: the object is there as announced`,
      `pending ${missing.file_id}: no object`,
      `pending ${changed.file_id}: no object`,
      `pending ${wrong.file_id}: the object has 3 bytes, and 4 were announced`,
    ].sort();
    expect(told()).toEqual(lines);
    expect(findings.every(({ ageHours, mended }) => ageHours === 48 && mended === undefined)).toBe(true);
    expect(await records()).toEqual(before);

    // The object of the wrong size has no record any more once that is deleted.
    expect(await reconcile(true)).toEqual({ ...expected, strays: 1 });
    expect(told()).toEqual([...lines, `object ${own('wrong')}: no record`].sort());
    expect(findings.map(({ mended }) => mended).sort()).toEqual([
      ...[...Array(3).fill('deleted'), 'made ready', 'moved to quarantine'],
    ]);
    delete there['status'];
    const ready = { ...there, version: 5, object_etag: '"900150983cd24fb0d6963f7d28e17f72"' };
    expect(await records()).toEqual([ready]);
    expect(await keys()).toEqual([own('there')]);
    expect(await reconcile(true)).toEqual({ ...emptyReport(), records: 1, objects: 1 });
  });

  it('leaves alone what is not old yet', async () => {
    await store(
      record({ s3_key: own('a'), status: 'pending', file_size: 3 }),
      record({ user_id: randomUUID(), s3_key: 'x' }),
    );
    await put(own('b'));
    const before = [await records(), await keys()];
    expect(await reconcile(true, { hoursFromNow: 23 })).toEqual({ ...emptyReport(), records: 2, objects: 1 });
    expect([await records(), await keys()]).toEqual(before);
    expect(await reconcile(false, { hoursFromNow: 23, olderThanHours: 22 })).toMatchObject({
      abandoned: 1,
      ownerless: 1,
      strays: 1,
    });
  });

  it('deletes old objects that no record names, in all folders of uploads, and no foreign ones', async () => {
    await deleteTestTables(client, config.tables);
    await arrange({ AWS_S3_AUDIO_FOLDER: 'new_audio' });
    const bob = randomUUID();
    await store(record({ s3_key: own('named') }), record({ s3_key: `new_audio/${ada}/named` }));
    const kept = [own('named'), `new_audio/${ada}/named`, 'elsewhere/x'];
    const foreign = ['audio_upload/direct', 'new_audio/not-a-user/x'];
    const strays = [own('a'), own('deep/b'), `new_audio/${bob}/c`];
    for (const key of [...kept, ...foreign, ...strays]) await put(key);

    const expected = { ...emptyReport(), records: 2, objects: 5, foreign: 2, strays: 3 };
    expect(await reconcile(false)).toEqual(expected);
    const lines = [
      ...strays.map((key) => `object ${key}: no record`),
      ...foreign.map((key) => `foreign ${key}: not in the folder of a user`),
    ].sort();
    expect(told()).toEqual(lines);
    expect(await keys()).toHaveLength(8);
    expect(await reconcile(true)).toEqual(expected);
    expect(told()).toEqual(lines);
    expect(await keys()).toEqual([...kept, ...foreign].sort());
  });

  it('takes no folder of uploads within another one for a user', async () => {
    await deleteTestTables(client, config.tables);
    await arrange({ AWS_S3_AUDIO_FOLDER: `audio_upload/${randomUUID()}` });
    const key = `${config.storage.audioFolder}/${ada}/named`;
    await store(record({ s3_key: key }));
    await put(key);
    await put(own('stray'));
    expect(await reconcile(true)).toEqual({ ...emptyReport(), records: 1, objects: 2, strays: 1 });
    expect(await keys()).toEqual([key]);
  });

  it('keeps objects that only a record of somebody else or outside of the index names', async () => {
    const bob = olderUser();
    await putRows(client, config.tables.users, [bob]);
    const outside = record({ s3_key: own('b') });
    delete outside['uploaded_at'];
    await store(record({ user_id: bob.user_id, s3_key: own('a') }), outside);
    await put(own('a'));
    await put(own('b'));
    expect(await reconcile(true)).toEqual({ ...emptyReport(), records: 2, objects: 2, unreadable: 1 });
    expect(told()).toEqual([`record ${outside.file_id}: uploaded_at is missing`]);
    expect(await keys()).toEqual([own('a'), own('b')]);
    expect(await records()).toHaveLength(2);
  });

  it('deletes records without an account, and their audio where it lies in the folder of the owner', async () => {
    const gone = randomUUID();
    const rows = [
      record({ user_id: gone, s3_key: `audio_upload/${gone}/a` }),
      record({ user_id: gone, s3_key: `audio_upload/${gone}/b`, status: 'pending', file_size: 9 }),
      record({ user_id: gone, s3_key: 'recordings/c' }),
      record({ user_id: gone, s3_key: own('d') }),
    ];
    const mine = record({ s3_key: own('d') });
    await store(...rows, mine);
    for (const key of [`audio_upload/${gone}/a`, 'recordings/c', own('d')]) await put(key);
    expect(await reconcile(false)).toEqual({ ...emptyReport(), records: 5, objects: 2, ownerless: 4 });
    expect(told()).toEqual(rows.map(({ file_id }) => `record ${file_id}: no account`).sort());
    expect(await records()).toHaveLength(5);
    expect(await reconcile(true)).toMatchObject({ records: 5, ownerless: 4, strays: 0 });
    expect((await records()).map((row) => row['file_id'])).toEqual([mine.file_id]);
    expect(await keys()).toEqual([own('d'), 'recordings/c'].sort());
  });

  it.each<[string, (n: number) => Promise<unknown>, string]>([
    [
      'records without an account',
      (n) => store(record({ user_id: randomUUID(), s3_key: `r/${n}` })),
      '21 of 21 records have no account: is USERS_TABLE the right one?',
    ],
    [
      'objects without a record',
      (n) => put(own(`${n}`)),
      '21 of 21 objects have no record: do AUDIO_FILES_TABLE and AWS_S3_BUCKET_NAME belong together?',
    ],
    [
      'records without an object',
      (n) => store(record({ s3_key: own(`${n}`), ...(n === 0 && { status: 'pending', file_size: 1 }) })),
      '21 of 21 records have no object: is AWS_S3_BUCKET_NAME the right one?',
    ],
  ])('refuses to mend where most are %s, unless forced', async (_case, add, objection) => {
    for (let n = 0; n < 22; n++) {
      if (n === 21 && !objection.includes('no object')) break;
      await add(n);
    }
    const before = [await records(), await keys()];
    await expect(reconcile(true)).rejects.toThrow(`${objection} Nothing was changed; --force mends`);
    expect(findings).toEqual([]);
    expect([await records(), await keys()]).toEqual(before);
    expect(await reconcile(false)).toMatchObject({ objection });
    await reconcile(true, { force: true });
    expect([await records(), await keys()]).not.toEqual(before);
  });

  it('sweeps the rows of a deleted account in a module’s table, counts them, and leaves everybody else’s', async () => {
    // Stands for the table of a module, which reconcile knows by its definition alone.
    const notes = tableDefinitions(config.tables).find(
      ({ table }) => table === 'sessions',
    ) as TableDefinition;
    const row = (userId: string) => ({ session_id: randomUUID(), user_id: userId, created_at: 1 });
    const [gone, others] = [randomUUID(), row('other')];
    await putRows(client, notes.name, [...Array.from({ length: 30 }, () => row(gone)), others]);
    const closed = { user_id: `closed#${gone}`, closed_at: 1 };
    await putRows(client, config.tables.users, [closed]);
    const sweep = async (apply: boolean, max?: number) => {
      const limit = new DeletionLimit(max);
      const appConfig = config as AppConfig;
      const database = new Database(createDocumentClient(client), 1000);
      await new ClosedAccountsPass(
        new ReconcileRepository(client, config.tables),
        new AudioFilesRepository(database, appConfig),
        new ClosedAccountsRepository(database, appConfig),
        new Bucket(new OperatorStore(s3, config.storage.bucket, 1000), config.storage.bucket ?? ''),
        new ObjectKeys(appConfig),
        {
          ...{
            apply,
            cutoff: 0,
            report: emptyReport(),
            onFinding: () => undefined,
            onProgress: () => undefined,
          },
          hoursSince: () => 1,
          remove: (count) => limit.remove(count),
          check: (count) => limit.check(count),
        },
        nowSeconds(),
        [notes],
      ).run();
      return limit.count;
    };
    expect(await sweep(false)).toBe(30);
    await expect(sweep(true, 29)).rejects.toThrow('--max-deletions 29');
    expect(await allRows(client, notes.name)).toHaveLength(31);
    expect(await sweep(true, 30)).toBe(30);
    expect(await allRows(client, notes.name)).toEqual([others]);
    expect((await allRows(client, config.tables.users)).map(({ user_id: id }) => id)).toEqual([ada]);
  });

  it('sweeps in every table with rows of users that neither expire nor have objects', () => {
    const notes = {
      ...(tableDefinitions(config.tables).at(-1) as TableDefinition),
      ...{ table: 'notes' as never, timeToLive: undefined },
    };
    const swept = tablesToSweep([...tableDefinitions(config.tables), notes as unknown as TableDefinition]);
    expect(swept).toContain(notes);
    expect(swept.map(({ table }) => table)).not.toEqual(expect.arrayContaining(['users']));
  });

  it('sweeps deleted accounts that nothing has swept, once upload URLs from before have ended', async () => {
    const gone = randomUUID();
    const late = record({ user_id: gone, s3_key: `audio_upload/${gone}/late` });
    await putRows(client, config.tables.audioFiles, [late, record({ s3_key: 'elsewhere' })]);
    await put(`audio_upload/${gone}/late`);
    await put(`audio_upload/${gone}/stray`);
    const closed = { user_id: `closed#${gone}`, closed_at: nowSeconds() - 15 * 60 };
    await putRows(client, config.tables.users, [closed]);
    const left = async () => [
      ...(await keys()),
      ...(await allRows(client, config.tables.audioFiles)).map((row) => row['s3_key']),
      ...(await allRows(client, config.tables.users)).map((row) => row['user_id']),
    ];
    const before = await left();

    expect(await reconcile(true, { hoursFromNow: 0 })).toMatchObject({ swept: 0, strays: 0, ownerless: 0 });
    expect(await left()).toEqual(before);
    expect(await reconcile(false, { hoursFromNow: 1 })).toMatchObject({ swept: 1, strays: 0 });
    expect(await left()).toEqual(before);

    expect(await reconcile(true, { hoursFromNow: 1 })).toMatchObject({ swept: 1, strays: 0, ownerless: 0 });
    expect(findings).toEqual([
      { kind: 'account', key: gone, ageHours: 1, problem: 'deleted, and not swept since', mended: 'swept' },
    ]);
    expect(await left()).toEqual(['elsewhere', ada]);
  });

  it('refuses nothing where there are few', async () => {
    for (let n = 0; n < 20; n++) await put(own(`${n}`));
    expect(await reconcile(true)).toMatchObject({ strays: 20 });
  });

  it('says which table or bucket is not there', async () => {
    const { bucket } = config.storage;
    config = { ...config, storage: { ...config.storage, bucket: 'no-such-bucket' } };
    await expect(reconcile(true)).rejects.toThrow('Bucket no-such-bucket does not exist');
    config = { ...config, storage: { ...config.storage, bucket: bucket as string } };
    await client.send(new DeleteTableCommand({ TableName: config.tables.audioFiles }));
    await expect(reconcile(true)).rejects.toThrow(`Table ${config.tables.audioFiles} does not exist`);
  });
});
