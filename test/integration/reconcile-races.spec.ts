import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UnavailableError } from '../../src/common/errors/domain-errors.js';
import { nowSeconds } from '../../src/common/time.js';
import type { AppConfig } from '../../src/config/config.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { Reconcile, type ReconcileOptions } from '../../src/reconcile/reconcile.js';
import { emptyReport, type Finding, type ReconcileReport } from '../../src/reconcile/report.js';
import type { ListedObject } from '../../src/storage/object-store.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { createS3Client } from '../../src/storage/s3-client.js';
import { adoptBucket } from '../support/adopted-bucket.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { allRows, olderAudioFile, olderUser, putRows, type Row } from '../support/takeover-rows.js';
import { createTestTables, deleteTestTables, testClient, testConfig } from '../support/test-tables.js';

/** Objects are as old as the test says, not as S3 does, and deletions can be preceded by something. */
class StagedStore extends OperatorStore {
  readonly modifiedAt = new Map<string, number>();
  beforeListing: (prefix: string) => Promise<unknown> | void = () => undefined;
  beforeDeletion: (keys: readonly string[]) => Promise<unknown> | void = () => undefined;

  override async *pages(prefix: string): AsyncGenerator<ListedObject[]> {
    await this.beforeListing(prefix);
    for await (const page of super.pages(prefix)) {
      yield page.map((object) => ({ ...object, modifiedAt: this.modifiedAt.get(object.key) ?? 1 }));
    }
  }

  override async deleteMany(keys: readonly string[]): Promise<Set<string>> {
    await this.beforeDeletion(keys);
    return super.deleteMany(keys);
  }
}

/** Beside a running service, and on a database and an object store that cannot always serve. */
describe('Reconcile in company', () => {
  let config: AppConfig;
  let client: DynamoDBClient;
  let s3: S3Client;
  let stub: DatabaseStub;
  /** The client of the reconciliation, which the stub can fail. */
  let stubbed: DynamoDBClient;
  let store: StagedStore;
  let ada: string;
  let findings: Finding[];

  beforeAll(async () => {
    stub = await startDatabaseStub();
    stubbed = testClient(testConfig({ DYNAMODB_ENDPOINT: stub.endpoint }));
  });

  afterAll(async () => {
    stubbed.destroy();
    await stub.close();
  });

  beforeEach(async () => {
    config = testConfig({ AWS_S3_BUCKET_NAME: `b-${randomUUID()}` });
    client = testClient(config);
    s3 = createS3Client(config);
    store = new StagedStore(s3, config.storage.bucket, config.storage.budgetMs);
    findings = [];
    stub.behave(() => 'forward');
    await createTestTables(client, config.tables);
    await s3.send(new CreateBucketCommand({ Bucket: config.storage.bucket }));
    await adoptBucket(client, s3, config);
    const user = olderUser();
    ada = user.user_id;
    await putRows(client, config.tables.users, [user]);
  });

  afterEach(async () => {
    await deleteTestTables(client, config.tables);
    client.destroy();
    s3.destroy();
  });

  const apply = async (options: Partial<ReconcileOptions> = {}): Promise<ReconcileReport> => {
    const reconcile = new Reconcile(stubbed, store, config, {
      ...{ apply: true, olderThanHours: 24, onProgress: () => undefined },
      onFinding: (finding) => findings.push(finding),
      ...options,
    });
    return (await reconcile.run()).report;
  };

  const own = (name: string) => `audio_upload/${ada}/${name}`;
  const put = (Key: string, Body = 'abc') =>
    s3.send(new PutObjectCommand({ Bucket: config.storage.bucket, Key, Body }));
  const record = (overrides: Row): Row & { file_id: string } => ({
    ...olderAudioFile({ user_id: ada, ...overrides }),
    file_id: randomUUID(),
  });
  const insert = (...rows: Row[]) => putRows(client, config.tables.audioFiles, rows);
  const records = () => allRows(client, config.tables.audioFiles);
  const update = (fileId: string, UpdateExpression: string) =>
    createDocumentClient(client).send(
      new UpdateCommand({
        TableName: config.tables.audioFiles,
        Key: { file_id: fileId },
        UpdateExpression,
        ...(UpdateExpression.includes('#status') && { ExpressionAttributeNames: { '#status': 'status' } }),
        ...(UpdateExpression.includes(':v') && { ExpressionAttributeValues: { ':v': 1 } }),
      }),
    );

  it.each([
    ['made ready', 'SET version = :v REMOVE #status'],
    ['changed', 'SET version = :v'],
    ['made anew', 'SET uploaded_at = :v'],
  ])('keeps a pending record that is %s meanwhile', async (_case, change) => {
    const pending = record({ s3_key: own('a'), status: 'pending', file_size: 3 });
    await insert(pending);
    stub.behave(async ({ operation }) => {
      if (operation === 'DeleteItem') await update(pending.file_id, change);
      return 'forward' as const;
    });
    expect(await apply()).toEqual({ ...emptyReport(), records: 1 });
    expect(stub.calls).toContain('DeleteItem');
    expect(findings).toEqual([]);
    expect(await records()).toHaveLength(1);
  });

  it('keeps the audio that replaces one of the wrong size while the record is looked at', async () => {
    const pending = record({ s3_key: own('a'), status: 'pending', file_size: 3 });
    await insert(pending);
    await put(own('a'), 'too long');
    stub.behave(async ({ operation }) => {
      if (operation === 'DeleteItem') {
        await put(own('a'));
        await update(pending.file_id, 'SET version = :v REMOVE #status');
      }
      return 'forward' as const;
    });
    expect(await apply()).toEqual({ ...emptyReport(), records: 1, objects: 1 });
    expect(await store.head(own('a'))).toMatchObject({ size: 3 });
  });

  it('makes no record ready that is deleted meanwhile', async () => {
    const pending = record({ s3_key: own('a'), status: 'pending', file_size: 3 });
    await insert(pending);
    await put(own('a'));
    stub.behave(async ({ operation }) => {
      const key = { TableName: config.tables.audioFiles, Key: { file_id: pending.file_id } };
      if (operation === 'UpdateItem') await createDocumentClient(client).send(new DeleteCommand(key));
      return 'forward' as const;
    });
    expect(await apply()).toMatchObject({ completed: 0, abandoned: 0, strays: 1 });
    expect(await records()).toEqual([]);
  });

  it.each([
    ['of the owner', () => ada, 'recording.wav'],
    ['that only its id tells of', () => randomUUID(), `${randomUUID()}.wav`],
  ])('keeps an old object for which a record %s is made meanwhile', async (_case, owner, name) => {
    await put(own(name));
    const made = { ...record({ s3_key: own(name), user_id: owner() }), file_id: name.slice(0, 36) };
    // The walk that deletes lists the user once more before it does; the record comes just then.
    store.beforeListing = (prefix) => (prefix === own('') ? insert(made) : undefined);
    expect(await apply()).toEqual({ ...emptyReport(), objects: 1 });
    expect(await store.head(own(name))).toBeDefined();
    expect(await records()).toHaveLength(1);
  });

  it('keeps an object that is replaced meanwhile, and one of unknown age', async () => {
    await put(own('a'));
    await put(own('b'));
    store.modifiedAt.set(own('b'), 0);
    store.beforeListing = (prefix) => {
      if (prefix === own('')) store.modifiedAt.set(own('a'), nowSeconds());
    };
    expect(await apply()).toEqual({ ...emptyReport(), objects: 2 });
    expect([await store.head(own('a')), await store.head(own('b'))]).not.toContain(undefined);
  });

  it('goes on where it was stopped, and tells of nothing that was not done', async () => {
    const gone = randomUUID();
    await insert(record({ user_id: gone, s3_key: `audio_upload/${gone}/x` }));
    await put(`audio_upload/${gone}/x`);
    await put(own('a'));
    store.beforeDeletion = () => {
      throw new Error('stopped');
    };
    await expect(apply()).rejects.toThrow('stopped');
    expect(findings.map(({ kind }) => kind)).toEqual(['record']);
    store.beforeDeletion = () => undefined;
    expect(await apply()).toEqual({ ...emptyReport(), objects: 1, strays: 1 });
    expect(await apply()).toEqual(emptyReport());
  });

  it.each([
    ['throttled', dynamoDbError(400, 'ProvisionedThroughputExceededException')],
    ['faulty', dynamoDbError(500, 'InternalServerError')],
    ['cut off', 'cut' as const],
    ['cut off after they were served', 'forward-then-cut' as const],
    ['empty', { status: 200, body: '' }],
  ])('mends everything where calls are %s for a while', async (_case, failure) => {
    const pending = { status: 'pending', file_size: 3 };
    const there = record({ s3_key: own('a'), ...pending });
    await insert(there, record({ s3_key: own('b'), ...pending }), record({ user_id: randomUUID() }));
    await put(own('a'));
    await put(own('c'));
    let [probes, refusals] = [0, 0];
    stub.behave(({ operation, attempt }) => {
      // The first look at each of the two tables is not repeated.
      if (operation === 'Scan' && probes++ < 2) return 'forward';
      return attempt <= (operation === 'Scan' ? 5 : 3) ? failure : 'forward';
    });
    store.beforeDeletion = () => {
      if (refusals++ < 3) throw new UnavailableError('The service is temporarily unavailable', 1);
    };
    expect(await apply()).toMatchObject({ completed: 1, abandoned: 1, ownerless: 1, strays: 1 });
    expect(await records()).toMatchObject([{ file_id: there.file_id, version: 1 }]);
    expect(await apply()).toEqual({ ...emptyReport(), records: 1, objects: 1 });
  });
});
