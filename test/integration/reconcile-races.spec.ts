import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UnavailableError } from '../../src/common/errors/domain-errors.js';
import { nowSeconds } from '../../src/common/time.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { emptyReport } from '../../src/reconcile/report.js';
import type { ListedObject } from '../../src/storage/object-store.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { type DatabaseStub, dynamoDbError, startDatabaseStub } from '../support/database-stub.js';
import { ReconcileScene } from '../support/reconcile-scene.js';
import type { Row } from '../support/takeover-rows.js';
import { testClient, testConfig } from '../support/test-tables.js';

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
  let scene: ReconcileScene;
  let stub: DatabaseStub;
  /** The client of the reconciliation, which the stub can fail. */
  let stubbed: DynamoDBClient;
  let staged: StagedStore;

  beforeAll(async () => {
    stub = await startDatabaseStub();
    stubbed = testClient(testConfig({ DYNAMODB_ENDPOINT: stub.endpoint }));
  });

  afterAll(async () => {
    stubbed.destroy();
    await stub.close();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    scene = await ReconcileScene.arrange();
    const { bucket, budgetMs } = scene.config.storage;
    staged = new StagedStore(scene.s3, bucket, budgetMs);
  });

  afterEach(() => scene.close());

  const apply = () => scene.reconcile(true, { client: stubbed, store: staged, hoursFromNow: 0 });
  /** The row of a record that is old today. */
  const old = (overrides: Row) => scene.record({ uploaded_at: 1_758_762_381, ...overrides });
  const update = (fileId: string, UpdateExpression: string) =>
    createDocumentClient(scene.client).send(
      new UpdateCommand({
        TableName: scene.config.tables.audioFiles,
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
    const pending = old({ s3_key: scene.own('a'), status: 'pending', file_size: 3 });
    await scene.store(pending);
    stub.behave(async ({ operation }) => {
      if (operation === 'DeleteItem') await update(pending.file_id, change);
      return 'forward' as const;
    });
    expect(await apply()).toEqual({ ...emptyReport(), records: 1 });
    expect(stub.calls).toContain('DeleteItem');
    expect(scene.findings).toEqual([]);
    expect(await scene.records()).toHaveLength(1);
  });

  it('keeps the audio that replaces one of the wrong size while the record is looked at', async () => {
    const pending = old({ s3_key: scene.own('a'), status: 'pending', file_size: 3 });
    await scene.store(pending);
    await scene.put(scene.own('a'), 'too long');
    stub.behave(async ({ operation }) => {
      if (operation === 'DeleteItem') {
        await scene.put(scene.own('a'));
        await update(pending.file_id, 'SET version = :v REMOVE #status');
      }
      return 'forward' as const;
    });
    expect(await apply()).toEqual({ ...emptyReport(), records: 1, objects: 1 });
    expect(await staged.head(scene.own('a'))).toMatchObject({ size: 3 });
  });

  it('makes no record ready that is deleted meanwhile', async () => {
    const pending = old({ s3_key: scene.own('a'), status: 'pending', file_size: 3 });
    await scene.store(pending);
    await scene.put(scene.own('a'));
    stub.behave(async ({ operation }) => {
      const key = { TableName: scene.config.tables.audioFiles, Key: { file_id: pending.file_id } };
      if (operation === 'UpdateItem') await createDocumentClient(scene.client).send(new DeleteCommand(key));
      return 'forward' as const;
    });
    expect(await apply()).toMatchObject({ completed: 0, abandoned: 0, strays: 1 });
    expect(await scene.records()).toEqual([]);
  });

  it.each([
    ['of the owner', () => scene.ada, 'recording.wav'],
    ['that only its id tells of', () => randomUUID(), `${randomUUID()}.wav`],
  ])('keeps an old object for which a record %s is made meanwhile', async (_case, owner, name) => {
    await scene.put(scene.own(name));
    const made = { ...old({ s3_key: scene.own(name), user_id: owner() }), file_id: name.slice(0, 36) };
    // The walk that deletes lists the user once more before it does; the record comes just then.
    staged.beforeListing = (prefix) => (prefix === scene.own('') ? scene.store(made) : undefined);
    expect(await apply()).toEqual({ ...emptyReport(), objects: 1 });
    expect(await staged.head(scene.own(name))).toBeDefined();
    expect(await scene.records()).toHaveLength(1);
  });

  it('keeps an object that is replaced meanwhile, and one of unknown age', async () => {
    await scene.put(scene.own('a'));
    await scene.put(scene.own('b'));
    staged.modifiedAt.set(scene.own('b'), 0);
    staged.beforeListing = (prefix) => {
      if (prefix === scene.own('')) staged.modifiedAt.set(scene.own('a'), nowSeconds());
    };
    expect(await apply()).toEqual({ ...emptyReport(), objects: 2 });
    expect([await staged.head(scene.own('a')), await staged.head(scene.own('b'))]).not.toContain(undefined);
  });

  it('goes on where it was stopped, and tells of nothing that was not done', async () => {
    const gone = randomUUID();
    await scene.store(old({ user_id: gone, s3_key: `audio_upload/${gone}/x` }));
    await scene.put(`audio_upload/${gone}/x`);
    await scene.put(scene.own('a'));
    staged.beforeDeletion = () => {
      throw new Error('stopped');
    };
    await expect(apply()).rejects.toThrow('stopped');
    expect(scene.findings.map(({ kind }) => kind)).toEqual(['record']);
    staged.beforeDeletion = () => undefined;
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
    const there = old({ s3_key: scene.own('a'), ...pending });
    await scene.store(there, old({ s3_key: scene.own('b'), ...pending }), old({ user_id: randomUUID() }));
    await scene.put(scene.own('a'));
    await scene.put(scene.own('c'));
    let [probes, refusals] = [0, 0];
    stub.behave(({ operation, attempt }) => {
      // The first look at each of the two tables is not repeated.
      if (operation === 'Scan' && probes++ < 2) return 'forward';
      return attempt <= (operation === 'Scan' ? 5 : 3) ? failure : 'forward';
    });
    staged.beforeDeletion = () => {
      if (refusals++ < 3) throw new UnavailableError('The service is temporarily unavailable', 1);
    };
    expect(await apply()).toMatchObject({ completed: 1, abandoned: 1, ownerless: 1, strays: 1 });
    expect(await scene.records()).toMatchObject([{ file_id: there.file_id, version: 1 }]);
    expect(await apply()).toEqual({ ...emptyReport(), records: 1, objects: 1 });
  });
});
