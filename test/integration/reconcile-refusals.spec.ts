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
import { Reconcile } from '../../src/reconcile/reconcile.js';
import { emptyReport, type Finding, type ReconcileReport } from '../../src/reconcile/report.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { adoptBucket } from '../support/adopted-bucket.js';
import { s3Error, startStorageStub, type StorageStub } from '../support/storage-stub.js';
import { allRows, olderAudioFile, olderUser, putRows, type Row } from '../support/takeover-rows.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

const HOUR = 3600;

describe('Reconcile, where S3 refuses something', () => {
  let stub: StorageStub;
  let config: AppConfig;
  let client: DynamoDBClient;
  let s3: S3Client;
  /** In the order in which their objects are walked. */
  let users: string[];
  let findings: Finding[];

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
    await adoptBucket(client, s3, config);
    const rows = Array.from({ length: 3 }, () => olderUser());
    users = rows.map(({ user_id: id }) => id).sort();
    await putRows(client, config.tables.users, rows);
  });

  afterEach(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
    s3.destroy();
  });

  afterAll(() => stub.close());

  async function reconcile(apply = true): Promise<ReconcileReport> {
    findings = [];
    const store = new OperatorStore(s3, config.storage.bucket, config.storage.budgetMs);
    const { report } = await new Reconcile(client, store, config, {
      ...{ apply, olderThanHours: 24, now: () => nowSeconds() + 48 * HOUR },
      onProgress: () => undefined,
      onFinding: (finding) => findings.push(finding),
    }).run();
    return report;
  }

  const own = (n: number, name: string) => `audio_upload/${users[n]}/${name}`;
  const put = (Key: string) =>
    s3.send(new PutObjectCommand({ Bucket: config.storage.bucket, Key, Body: 'abc' }));
  const keys = async () => {
    const input = { Bucket: config.storage.bucket, EncodingType: 'url' as const };
    const { Contents = [] } = await s3.send(new ListObjectsV2Command(input));
    return Contents.map(({ Key = '' }) => decodeURIComponent(Key))
      .filter((key) => !/^(quarantine|reconcile)\//.test(key))
      .sort();
  };
  const record = (n: number, more: Row): Row & { file_id: string } => ({
    ...olderAudioFile({ user_id: users[n], uploaded_at: nowSeconds(), ...more }),
    file_id: randomUUID(),
  });
  const failed = () => findings.filter(({ mended }) => mended === undefined).map(({ key }) => key);

  it('deletes objects whose keys XML cannot hold', async () => {
    for (const name of ['\ufffe', 'a\u0001', 'line\nend', 'plain']) await put(own(0, name));
    expect(await reconcile()).toEqual({ ...emptyReport(), objects: 4, strays: 4 });
    expect(await keys()).toEqual([]);
  });

  it('goes on with other users where the objects of one cannot be deleted, and reports them', async () => {
    for (const n of [0, 1, 2]) for (const name of ['a', 'b']) await put(own(n, name));
    stub.behave(({ operation, attempt }) =>
      operation === 'DeleteObjects' && attempt === 2 ? s3Error(403, 'AccessDenied') : 'forward',
    );
    expect(await reconcile()).toEqual({ ...emptyReport(), objects: 6, strays: 4, failed: 2 });
    expect(failed()).toEqual([own(1, 'a'), own(1, 'b')]);
    expect(findings.find(({ mended }) => mended === undefined)?.problem).toContain('AccessDenied');
    expect(await keys()).toEqual([own(1, 'a'), own(1, 'b')]);
    stub.behave(() => 'forward');
    expect(await reconcile()).toEqual({ ...emptyReport(), objects: 2, strays: 2 });
  });

  it('goes on where only some objects of a user are kept', async () => {
    for (const n of [0, 1]) for (const name of ['a', 'b']) await put(own(n, name));
    const body =
      `<DeleteResult><Deleted><Key>${own(0, 'a')}</Key></Deleted>` +
      `<Error><Key>${own(0, 'b')}</Key><Code>AccessDenied</Code></Error></DeleteResult>`;
    const kept = { status: 200, body, headers: { 'Content-Type': 'application/xml' } };
    stub.behave(({ operation, attempt }) =>
      operation === 'DeleteObjects' && attempt === 1 ? kept : 'forward',
    );
    expect(await reconcile()).toEqual({ ...emptyReport(), objects: 4, strays: 3, failed: 1 });
    expect(failed()).toEqual([own(0, 'b')]);
  });

  it('goes on with other records where the object of one is refused', async () => {
    const pending = { status: 'pending', file_size: 3 };
    const files = [0, 1, 2].map((n) => record(n, { s3_key: own(n, 'x'), ...pending }));
    const gone = randomUUID();
    const lost = record(0, { user_id: gone, s3_key: `audio_upload/${gone}/x` });
    await putRows(client, config.tables.audioFiles, [...files, lost]);
    await put(lost.s3_key as string);
    stub.behave(({ operation, attempt }) => {
      // The first time each is looked at is the survey.
      const refused = operation === 'HeadObject' && attempt === 4;
      return refused || operation === 'DeleteObject' || operation === 'DeleteObjects'
        ? s3Error(403, 'AccessDenied')
        : 'forward';
    });
    expect(await reconcile()).toEqual({ ...emptyReport(), records: 4, objects: 1, abandoned: 2, failed: 2 });
    expect(failed()).toContain(lost.file_id);
    expect(await allRows(client, config.tables.audioFiles)).toHaveLength(2);
    stub.behave(() => 'forward');
    expect(await reconcile()).toMatchObject({ abandoned: 1, ownerless: 1, failed: 0 });
  });

  it.each([
    ['is not known any more', s3Error(403, 'InvalidAccessKeyId')],
    ['finds no bucket', s3Error(404, 'NoSuchBucket')],
  ])('stops where it %s', async (_why, answer) => {
    for (const n of [0, 1]) await put(own(n, 'a'));
    stub.behave(({ operation }) => (operation === 'DeleteObjects' ? answer : 'forward'));
    await expect(reconcile()).rejects.toThrow('Bucket ');
    expect(stub.calls.filter((operation) => operation === 'DeleteObjects')).toHaveLength(1);
  });

  it('takes no object without a checksum of S3 for one that was announced', async () => {
    const announced = { status: 'pending', file_size: 3, checksum_sha256: 'a'.repeat(64) };
    const file = record(0, { s3_key: own(0, 'x'), ...announced });
    await putRows(client, config.tables.audioFiles, [file]);
    await put(own(0, 'x'));
    expect(await reconcile(false)).toMatchObject({ completed: 0, abandoned: 1 });
    expect(findings[0]).toMatchObject({
      problem: 'the object has no SHA-256 checksum at S3, and one was announced',
    });
  });
});
