import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nowSeconds } from '../../src/common/time.js';
import type { AppConfig } from '../../src/config/config.js';
import { Reconcile, type ReconcileOptions } from '../../src/reconcile/reconcile.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { TABLES_MARKER_KEY } from '../../src/storage/reserved-keys.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { s3Error, startStorageStub, type StorageStub } from '../support/storage-stub.js';
import { olderAudioFile, olderUser, putRows } from '../support/takeover-rows.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

const HOUR = 3600;

describe('Reconcile, and what it may delete', () => {
  let stub: StorageStub;
  let config: AppConfig;
  let client: DynamoDBClient;
  let s3: S3Client;
  let ada: string;

  beforeAll(async () => {
    stub = await startStorageStub();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    config = testConfig({ AWS_S3_BUCKET_NAME: `b-${randomUUID()}`, S3_ENDPOINT: stub.endpoint });
    client = testClient(config);
    s3 = createS3Client(config);
    await createTestTables(client, config.tables);
    await s3.send(new CreateBucketCommand({ Bucket: config.storage.bucket }));
    const user = olderUser();
    ada = user.user_id;
    await putRows(client, config.tables.users, [user]);
  });

  afterEach(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
    s3.destroy();
  });

  afterAll(() => stub.close());

  const run = (options: Partial<ReconcileOptions>, tables = config.tables, hours = 48) => {
    const store = new OperatorStore(s3, config.storage.bucket, config.storage.budgetMs);
    return new Reconcile(
      client,
      store,
      { ...config, tables },
      {
        ...{ apply: false, olderThanHours: 24, now: () => nowSeconds() + hours * HOUR },
        ...{ onFinding: () => undefined, onProgress: () => undefined, ...options },
      },
    ).run();
  };
  const adopt = () => run({ adopt: true, force: true });
  const put = (Key: string, Body = 'abc') =>
    s3.send(new PutObjectCommand({ Bucket: config.storage.bucket, Key, Body }));
  const keys = async (): Promise<string[]> => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: config.storage.bucket }));
    return Contents.map(({ Key = '' }) => Key).filter((key) => key !== TABLES_MARKER_KEY);
  };
  const own = (name: string | number) => `audio_upload/${ada}/${name}`;
  const name = async (...names: string[]) => {
    const rows = names.map((key) => olderAudioFile({ user_id: ada, s3_key: own(key) }));
    await putRows(client, config.tables.audioFiles, rows);
  };

  it('only reports where no marker ties the bucket to the tables, until it is adopted', async () => {
    await name('kept.m4a');
    for (const key of ['kept.m4a', 'stray']) await put(own(key));
    const before = await keys();
    const refused = await run({ apply: true });
    expect(refused.report.strays).toBe(1);
    expect(refused.refusal).toContain(`no ${TABLES_MARKER_KEY}`);
    expect(await keys()).toEqual(before);
    expect(await run({ adopt: true })).not.toHaveProperty('refusal');
    expect(await run({ apply: true })).not.toHaveProperty('refusal');
    expect(await keys()).not.toContain(own('stray'));
  });

  it('deletes nothing with 15 records and other tables, such as restored or empty ones', async () => {
    const names = Array.from({ length: 15 }, (_, n) => `${n}.m4a`);
    await name(...names);
    for (const key of names) await put(own(key));
    await adopt();
    const other = testConfig().tables;
    await createTestTables(client, other);
    try {
      const { refusal, report } = await run({ apply: true, force: true, maxDeletions: 100 }, other);
      expect(refusal).toContain('names other tables than');
      expect(report.strays).toBe(15);
      expect(await keys()).toHaveLength(15);
      // Nor are they adopted by mistake.
      expect((await run({ adopt: true }, other)).refusal).toContain('15 of 15 objects have no record');
    } finally {
      await deleteTestTables(client, other);
    }
  });

  it.each([
    [{}, 11],
    [{ maxDeletions: 3 }, 4],
    [{ maxDeletions: 0 }, 1],
  ])('with %j refuses to begin where %d are to be deleted, and does one less', async (options, count) => {
    await adopt();
    for (let n = 0; n < count; n++) await put(own(n));
    const before = await keys();
    const refused = await run({ apply: true, ...options });
    expect(refused.refusal).toContain(`${count} records and objects would be deleted`);
    expect(refused.report.strays).toBe(count);
    expect(await keys()).toEqual(before);
    await name('0');
    expect((await run({ apply: true, ...options })).report.strays).toBe(count - 1);
  });

  it('counts what goes with records and with deleted accounts', async () => {
    await adopt();
    const [gone, closed] = [randomUUID(), randomUUID()];
    const key = `audio_upload/${gone}/a`;
    await putRows(client, config.tables.audioFiles, [olderAudioFile({ user_id: gone, s3_key: key })]);
    await putRows(client, config.tables.users, [{ user_id: `closed#${closed}`, closed_at: 1 }]);
    for (const n of [1, 2]) await put(`audio_upload/${closed}/${n}`);
    await put(key);
    const before = await keys();
    expect((await run({ apply: true, maxDeletions: 3 })).refusal).toBeDefined();
    expect(await keys()).toEqual(before);
  });

  it('keeps what it moves for 30 days, and does not count it or move it again', async () => {
    await adopt();
    await put(own('stray'), 'the audio');
    await run({ apply: true });
    const [moved = ''] = await keys();
    expect(moved).toMatch(new RegExp(`^quarantine/\\d{4}-\\d\\d-\\d\\d/${own('stray')}$`));
    expect(await run({ apply: true })).toMatchObject({ report: { objects: 0, foreign: 0, expired: 0 } });
    expect(await keys()).toEqual([moved]);
    const later = await run({ apply: true }, config.tables, 48 + 31 * 24);
    expect(later.report.expired).toBe(1);
    expect(await keys()).toEqual([]);
  });

  it('leaves what belongs to the audio of a record, until that is gone', async () => {
    const id = randomUUID();
    await name(`${id}.m4a`, 'talk.wav');
    const beside = [
      `${id}.json`,
      `${id}.m4a.vtt`,
      `text/${id}-1.txt`,
      'talk-speakers.rttm',
      'talk/words.json',
    ];
    for (const key of [...beside, `${id}.m4a`, 'talk.wav', 'talkative.wav']) await put(own(key));
    await adopt();
    expect(await run({ apply: true })).toMatchObject({ report: { beside: 5, strays: 1 } });
    expect((await keys()).filter((key) => key.startsWith('quarantine'))).toHaveLength(1);
  });

  it.each([
    ['an outage', 503, 'SlowDown'],
    ['a refusal', 403, 'AccessDenied'],
  ])(
    'takes %s for no answer about the marker',
    async (_what, status, code) => {
      await adopt();
      await put(own('stray'));
      const before = await keys();
      if (status === 503) config = { ...config, storage: { ...config.storage, budgetMs: 300 } };
      stub.behave(({ operation }) => (operation === 'GetObject' ? s3Error(status, code) : 'forward'));
      await expect(run({ apply: true })).rejects.toThrow(/Bucket .*cannot be used now/);
      stub.behave(() => 'forward');
      expect(await keys()).toEqual(before);
    },
    90_000,
  );

  it('takes what is no marker for no answer either', async () => {
    await put(TABLES_MARKER_KEY, '<html>');
    await expect(run({ apply: true })).rejects.toThrow('cannot be read');
  });

  it('loses nothing where two runs go at once', async () => {
    await adopt();
    for (let n = 0; n < 8; n++) await put(own(n));
    await Promise.all([run({ apply: true }), run({ apply: true })]);
    expect(await keys()).toHaveLength(8);
    expect((await keys()).every((key) => key.startsWith('quarantine/'))).toBe(true);
  });

  it('goes on where it was stopped between copy and deletion', async () => {
    await adopt();
    await put(own('a'));
    stub.behave(({ operation }) =>
      operation === 'DeleteObjects' ? s3Error(403, 'InvalidAccessKeyId') : 'forward',
    );
    await expect(run({ apply: true })).rejects.toThrow('Bucket ');
    expect(await keys()).toHaveLength(2);
    stub.behave(() => 'forward');
    expect((await run({ apply: true })).report.strays).toBe(1);
    expect(await keys()).toHaveLength(1);
  });
});
