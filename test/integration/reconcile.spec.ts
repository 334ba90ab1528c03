import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyReport } from '../../src/reconcile/report.js';
import { ReconcileScene } from '../support/reconcile-scene.js';
import { olderUser, type Row } from '../support/takeover-rows.js';

describe('Reconcile', () => {
  let scene: ReconcileScene;

  beforeEach(async () => {
    scene = await ReconcileScene.arrange();
  });

  afterEach(() => scene.close());

  const told = () => scene.findings.map(({ kind, key, problem }) => `${kind} ${key}: ${problem}`).sort();

  it('makes old pending records ready whose audio is there, and deletes the others', async () => {
    const pending = (s3Key: string, more: Row = {}) =>
      scene.record({ s3_key: scene.own(s3Key), status: 'pending', file_size: 3, ...more });
    const there = pending('there', { version: 4 });
    const [missing, changed] = [pending('missing'), pending('changed', { version: 2 })];
    const wrong = pending('wrong', { file_size: 4 });
    await scene.store(there, missing, changed, wrong);
    await scene.put(scene.own('there'));
    await scene.put(scene.own('wrong'));
    const before = await scene.records();

    const expected = { ...emptyReport(), records: 4, objects: 2, completed: 1, abandoned: 3 };
    expect(await scene.reconcile(false)).toEqual(expected);
    const lines = [
      `pending ${there.file_id}: the object is there as announced`,
      `pending ${missing.file_id}: no object`,
      `pending ${changed.file_id}: no object`,
      `pending ${wrong.file_id}: the object has 3 bytes, and 4 were announced`,
    ].sort();
    expect(told()).toEqual(lines);
    expect(scene.findings.every(({ ageHours, mended }) => ageHours === 48 && mended === undefined)).toBe(
      true,
    );
    expect(await scene.records()).toEqual(before);

    // The object of the wrong size has no record any more once that is deleted.
    expect(await scene.reconcile(true)).toEqual({ ...expected, strays: 1 });
    expect(told()).toEqual([...lines, `object ${scene.own('wrong')}: no record`].sort());
    expect(scene.findings.map(({ mended }) => mended).sort()).toEqual([
      ...[...Array(3).fill('deleted'), 'made ready', 'moved to quarantine'],
    ]);
    delete there['status'];
    const ready = { ...there, version: 5, object_etag: '"900150983cd24fb0d6963f7d28e17f72"' };
    expect(await scene.records()).toEqual([ready]);
    expect(await scene.keys()).toEqual([scene.own('there')]);
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), records: 1, objects: 1 });
  });

  it('leaves alone what is not old yet', async () => {
    await scene.store(
      scene.record({ s3_key: scene.own('a'), status: 'pending', file_size: 3 }),
      scene.record({ user_id: randomUUID(), s3_key: 'x' }),
    );
    await scene.put(scene.own('b'));
    const before = [await scene.records(), await scene.keys()];
    expect(await scene.reconcile(true, { hoursFromNow: 23 })).toEqual({
      ...emptyReport(),
      records: 2,
      objects: 1,
    });
    expect([await scene.records(), await scene.keys()]).toEqual(before);
    expect(await scene.reconcile(false, { hoursFromNow: 23, olderThanHours: 22 })).toMatchObject({
      abandoned: 1,
      ownerless: 1,
      strays: 1,
    });
  });

  it('deletes old objects that no record names, in all folders of uploads, and no foreign ones', async () => {
    await scene.close();
    scene = await ReconcileScene.arrange({ environment: { AWS_S3_AUDIO_FOLDER: 'new_audio' } });
    const bob = randomUUID();
    await scene.store(
      scene.record({ s3_key: scene.own('named') }),
      scene.record({ s3_key: `new_audio/${scene.ada}/named` }),
    );
    const kept = [scene.own('named'), `new_audio/${scene.ada}/named`, 'elsewhere/x'];
    const foreign = ['audio_upload/direct', 'new_audio/not-a-user/x'];
    const strays = [scene.own('a'), scene.own('deep/b'), `new_audio/${bob}/c`];
    for (const key of [...kept, ...foreign, ...strays]) await scene.put(key);

    const expected = { ...emptyReport(), records: 2, objects: 5, foreign: 2, strays: 3 };
    expect(await scene.reconcile(false)).toEqual(expected);
    const lines = [
      ...strays.map((key) => `object ${key}: no record`),
      ...foreign.map((key) => `foreign ${key}: not in the folder of a user`),
    ].sort();
    expect(told()).toEqual(lines);
    expect(await scene.keys()).toHaveLength(8);
    expect(await scene.reconcile(true)).toEqual(expected);
    expect(told()).toEqual(lines);
    expect(await scene.keys()).toEqual([...kept, ...foreign].sort());
  });

  it('takes no folder of uploads within another one for a user', async () => {
    await scene.close();
    const environment = { AWS_S3_AUDIO_FOLDER: `audio_upload/${randomUUID()}` };
    scene = await ReconcileScene.arrange({ environment });
    const key = `${scene.config.storage.audioFolder}/${scene.ada}/named`;
    await scene.store(scene.record({ s3_key: key }));
    await scene.put(key);
    await scene.put(scene.own('stray'));
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), records: 1, objects: 2, strays: 1 });
    expect(await scene.keys()).toEqual([key]);
  });

  it('keeps objects that only a record of somebody else or outside of the index names', async () => {
    const bob = olderUser();
    await scene.putUsers(bob);
    const outside = scene.record({ s3_key: scene.own('b') });
    delete outside['uploaded_at'];
    await scene.store(scene.record({ user_id: bob.user_id, s3_key: scene.own('a') }), outside);
    await scene.put(scene.own('a'));
    await scene.put(scene.own('b'));
    expect(await scene.reconcile(true)).toEqual({ ...emptyReport(), records: 2, objects: 2, unreadable: 1 });
    expect(told()).toEqual([`record ${outside.file_id}: uploaded_at is missing`]);
    expect(await scene.keys()).toEqual([scene.own('a'), scene.own('b')]);
    expect(await scene.records()).toHaveLength(2);
  });

  it('deletes records without an account, and their audio where it lies in the folder of the owner', async () => {
    const gone = randomUUID();
    const rows = [
      scene.record({ user_id: gone, s3_key: `audio_upload/${gone}/a` }),
      scene.record({ user_id: gone, s3_key: `audio_upload/${gone}/b`, status: 'pending', file_size: 9 }),
      scene.record({ user_id: gone, s3_key: 'recordings/c' }),
      scene.record({ user_id: gone, s3_key: scene.own('d') }),
    ];
    const mine = scene.record({ s3_key: scene.own('d') });
    await scene.store(...rows, mine);
    for (const key of [`audio_upload/${gone}/a`, 'recordings/c', scene.own('d')]) await scene.put(key);
    expect(await scene.reconcile(false)).toEqual({ ...emptyReport(), records: 5, objects: 2, ownerless: 4 });
    expect(told()).toEqual(rows.map(({ file_id }) => `record ${file_id}: no account`).sort());
    expect(await scene.records()).toHaveLength(5);
    expect(await scene.reconcile(true)).toMatchObject({ records: 5, ownerless: 4, strays: 0 });
    expect((await scene.records()).map((row) => row['file_id'])).toEqual([mine.file_id]);
    expect(await scene.keys()).toEqual([scene.own('d'), 'recordings/c'].sort());
  });

  it.each<[string, (n: number) => Promise<unknown>, string]>([
    [
      'records without an account',
      (n) => scene.store(scene.record({ user_id: randomUUID(), s3_key: `r/${n}` })),
      '21 of 21 records have no account: is USERS_TABLE the right one?',
    ],
    [
      'objects without a record',
      (n) => scene.put(scene.own(`${n}`)),
      '21 of 21 objects have no record: do AUDIO_FILES_TABLE and AWS_S3_BUCKET_NAME belong together?',
    ],
    [
      'records without an object',
      (n) =>
        scene.store(
          scene.record({ s3_key: scene.own(`${n}`), ...(n === 0 && { status: 'pending', file_size: 1 }) }),
        ),
      '21 of 21 records have no object: is AWS_S3_BUCKET_NAME the right one?',
    ],
  ])('refuses to mend where most are %s, unless forced', async (_case, add, objection) => {
    for (let n = 0; n < 22; n++) {
      if (n === 21 && !objection.includes('no object')) break;
      await add(n);
    }
    const before = [await scene.records(), await scene.keys()];
    const options = { maxDeletions: 100 };
    await expect(scene.reconcile(true, options)).rejects.toThrow(
      `${objection} Nothing was changed; --force mends`,
    );
    expect(scene.findings).toEqual([]);
    expect([await scene.records(), await scene.keys()]).toEqual(before);
    expect(await scene.reconcile(false, options)).toMatchObject({ objection });
    await scene.reconcile(true, { ...options, force: true });
    expect([await scene.records(), await scene.keys()]).not.toEqual(before);
  });

  it('refuses nothing where there are few', async () => {
    for (let n = 0; n < 20; n++) await scene.put(scene.own(`${n}`));
    expect(await scene.reconcile(true, { maxDeletions: 100 })).toMatchObject({ strays: 20 });
  });

  it('says which table or bucket is not there', async () => {
    const { storage, tables } = scene.config;
    const bucketless = { ...scene.config, storage: { ...storage, bucket: 'no-such-bucket' } };
    await expect(scene.reconcile(true, { config: bucketless })).rejects.toThrow(
      'Bucket no-such-bucket does not exist',
    );
    const tableless = { ...scene.config, tables: { ...tables, audioFiles: 'no-such-table' } };
    await expect(scene.reconcile(true, { config: tableless })).rejects.toThrow(
      'Table no-such-table does not exist',
    );
  });
});
