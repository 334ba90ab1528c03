import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyReport } from '../../src/reconcile/report.js';
import { ReconcileScene } from '../support/reconcile-scene.js';
import { s3Error, startStorageStub, type StorageStub } from '../support/storage-stub.js';

describe('Reconcile, where S3 refuses something', () => {
  let stub: StorageStub;
  let scene: ReconcileScene;

  beforeAll(async () => {
    stub = await startStorageStub();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    scene = await ReconcileScene.arrange({ environment: { S3_ENDPOINT: stub.endpoint }, users: 3 });
  });

  afterEach(() => scene.close());

  afterAll(() => stub.close());

  const failed = () => scene.findings.filter(({ mended }) => mended === undefined).map(({ key }) => key);

  it('deletes objects whose keys XML cannot hold', async () => {
    for (const name of ['\ufffe', 'a\u0001', 'line\nend', 'plain']) await scene.put(scene.own(name));
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), objects: 4, strays: 4 });
    expect(await scene.keys()).toEqual([]);
  });

  it('goes on with other users where the objects of one cannot be deleted, and reports them', async () => {
    for (const n of [0, 1, 2]) for (const name of ['a', 'b']) await scene.put(scene.own(name, n));
    stub.behave(({ operation, attempt }) =>
      operation === 'DeleteObjects' && attempt === 2 ? s3Error(403, 'AccessDenied') : 'forward',
    );
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), objects: 6, strays: 4, failed: 2 });
    expect(failed()).toEqual([scene.own('a', 1), scene.own('b', 1)]);
    expect(scene.findings.find(({ mended }) => mended === undefined)?.problem).toContain('AccessDenied');
    expect(await scene.keys()).toEqual([scene.own('a', 1), scene.own('b', 1)]);
    stub.behave(() => 'forward');
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), objects: 2, strays: 2 });
  });

  it('goes on where only some objects of a user are kept', async () => {
    for (const n of [0, 1]) for (const name of ['a', 'b']) await scene.put(scene.own(name, n));
    const body =
      `<DeleteResult><Deleted><Key>${scene.own('a')}</Key></Deleted>` +
      `<Error><Key>${scene.own('b')}</Key><Code>AccessDenied</Code></Error></DeleteResult>`;
    const kept = { status: 200, body, headers: { 'Content-Type': 'application/xml' } };
    stub.behave(({ operation, attempt }) =>
      operation === 'DeleteObjects' && attempt === 1 ? kept : 'forward',
    );
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), objects: 4, strays: 3, failed: 1 });
    expect(failed()).toEqual([scene.own('b')]);
  });

  it('goes on with other records where the object of one is refused', async () => {
    const pending = { status: 'pending', file_size: 3 };
    const files = [0, 1, 2].map((n) =>
      scene.record({ user_id: scene.users[n], s3_key: scene.own('x', n), ...pending }),
    );
    const gone = randomUUID();
    const lost = scene.record({ user_id: gone, s3_key: `audio_upload/${gone}/x` });
    await scene.store(...files, lost);
    await scene.put(lost.s3_key as string);
    stub.behave(({ operation, attempt }) => {
      // The first time each is looked at is the survey.
      const refused = operation === 'HeadObject' && attempt === 4;
      return refused || operation === 'DeleteObject' || operation === 'DeleteObjects'
        ? s3Error(403, 'AccessDenied')
        : 'forward';
    });
    expect(await scene.reconcile(true)).toEqual({
      ...emptyReport(),
      records: 4,
      objects: 1,
      abandoned: 2,
      failed: 2,
    });
    expect(failed()).toContain(lost.file_id);
    expect(await scene.records()).toHaveLength(2);
    stub.behave(() => 'forward');
    expect(await scene.reconcile(true)).toMatchObject({ abandoned: 1, ownerless: 1, failed: 0 });
  });

  it.each([
    ['is not known any more', s3Error(403, 'InvalidAccessKeyId')],
    ['finds no bucket', s3Error(404, 'NoSuchBucket')],
  ])('stops where it %s', async (_why, answer) => {
    for (const n of [0, 1]) await scene.put(scene.own('a', n));
    stub.behave(({ operation }) => (operation === 'DeleteObjects' ? answer : 'forward'));
    await expect(scene.reconcile(true)).rejects.toThrow('Bucket ');
    expect(stub.calls.filter((operation) => operation === 'DeleteObjects')).toHaveLength(1);
  });

  it('takes no object without a checksum of S3 for one that was announced', async () => {
    const announced = { status: 'pending', file_size: 3, checksum_sha256: 'a'.repeat(64) };
    const file = scene.record({
      s3_key: scene.own('x'),
      ...announced,
    });
    await scene.store(file);
    await scene.put(scene.own('x'));
    expect(await scene.reconcile(false)).toMatchObject({ completed: 0, abandoned: 1 });
    expect(scene.findings[0]).toMatchObject({
      problem: 'the object has no SHA-256 checksum at S3, and one was announced',
    });
  });
});
