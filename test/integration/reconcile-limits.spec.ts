import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TABLES_MARKER_KEY } from '../../src/config/reserved-keys.js';
import { ReconcileScene } from '../support/reconcile-scene.js';
import { s3Error, startStorageStub, type StorageStub } from '../support/storage-stub.js';
import { createTestTables, deleteTestTables, testConfig } from '../support/test-tables.js';

describe('Reconcile, and what it may delete', () => {
  let stub: StorageStub;
  let scene: ReconcileScene;

  beforeAll(async () => {
    stub = await startStorageStub();
  });

  beforeEach(async () => {
    stub.behave(() => 'forward');
    scene = await ReconcileScene.arrange({ environment: { S3_ENDPOINT: stub.endpoint }, adopted: false });
  });

  afterEach(() => scene.close());

  afterAll(() => stub.close());

  const adopt = () => scene.run({ adopt: true, force: true });
  const name = async (...names: string[]) => {
    await scene.store(...names.map((key) => scene.record({ s3_key: scene.own(key) })));
  };

  it('only reports where no marker ties the bucket to the tables, until it is adopted', async () => {
    await name('kept.m4a');
    for (const key of ['kept.m4a', 'stray']) await scene.put(scene.own(key));
    const before = await scene.allKeys();
    const refused = await scene.run({ apply: true });
    expect(refused.report.strays).toBe(1);
    expect(refused.refusal).toContain(`no ${TABLES_MARKER_KEY}`);
    expect(await scene.allKeys()).toEqual(before);
    expect(await scene.run({ adopt: true })).not.toHaveProperty('refusal');
    expect(await scene.run({ apply: true })).not.toHaveProperty('refusal');
    expect(await scene.allKeys()).not.toContain(scene.own('stray'));
  });

  it('deletes nothing with 15 records and other tables, such as restored or empty ones', async () => {
    const names = Array.from({ length: 15 }, (_, n) => `${n}.m4a`);
    await name(...names);
    for (const key of names) await scene.put(scene.own(key));
    await adopt();
    const other = testConfig().tables;
    await createTestTables(scene.client, other);
    try {
      const config = { ...scene.config, tables: other };
      const { refusal, report } = await scene.run({
        apply: true,
        force: true,
        maxDeletions: 100,
        config,
      });
      expect(refusal).toContain('names other tables than');
      expect(report.strays).toBe(15);
      expect(await scene.allKeys()).toHaveLength(15);
      // Nor are they adopted by mistake.
      expect((await scene.run({ adopt: true, config })).refusal).toContain('15 of 15 objects have no record');
    } finally {
      await deleteTestTables(scene.client, other);
    }
  });

  it.each([
    [{}, 11],
    [{ maxDeletions: 3 }, 4],
    [{ maxDeletions: 0 }, 1],
  ])('with %j refuses to begin where %d are to be deleted, and does one less', async (options, count) => {
    await adopt();
    for (let n = 0; n < count; n++) await scene.put(scene.own(n));
    const before = await scene.allKeys();
    const refused = await scene.run({ apply: true, ...options });
    expect(refused.refusal).toContain(`${count} records and objects would be deleted`);
    expect(refused.report.strays).toBe(count);
    expect(await scene.allKeys()).toEqual(before);
    await name('0');
    expect((await scene.run({ apply: true, ...options })).report.strays).toBe(count - 1);
  });

  it('counts what goes with records and with deleted accounts', async () => {
    await adopt();
    const [gone, closed] = [randomUUID(), randomUUID()];
    const key = `audio_upload/${gone}/a`;
    await scene.store(scene.record({ user_id: gone, s3_key: key }));
    await scene.putUsers({ user_id: `closed#${closed}`, closed_at: 1 });
    for (const n of [1, 2]) await scene.put(`audio_upload/${closed}/${n}`);
    await scene.put(key);
    const before = await scene.allKeys();
    expect((await scene.run({ apply: true, maxDeletions: 3 })).refusal).toBeDefined();
    expect(await scene.allKeys()).toEqual(before);
  });

  it('keeps what it moves for 30 days, and does not count it or move it again', async () => {
    await adopt();
    await scene.put(scene.own('stray'), 'the audio');
    await scene.run({ apply: true });
    const [moved = ''] = await scene.allKeys();
    expect(moved).toMatch(new RegExp(`^quarantine/\\d{4}-\\d\\d-\\d\\d/${scene.own('stray')}$`));
    expect(await scene.run({ apply: true })).toMatchObject({
      report: { objects: 0, foreign: 0, expired: 0 },
    });
    expect(await scene.allKeys()).toEqual([moved]);
    const later = await scene.run({ apply: true, hoursFromNow: 48 + 31 * 24 });
    expect(later.report.expired).toBe(1);
    expect(await scene.allKeys()).toEqual([]);
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
    for (const key of [...beside, `${id}.m4a`, 'talk.wav', 'talkative.wav']) await scene.put(scene.own(key));
    await adopt();
    expect(await scene.run({ apply: true })).toMatchObject({ report: { beside: 5, strays: 1 } });
    expect((await scene.allKeys()).filter((key) => key.startsWith('quarantine'))).toHaveLength(1);
  });

  it.each([
    ['an outage', 503, 'SlowDown'],
    ['a refusal', 403, 'AccessDenied'],
  ])(
    'takes %s for no answer about the marker',
    async (_what, status, code) => {
      await adopt();
      await scene.put(scene.own('stray'));
      const before = await scene.allKeys();
      const { storage } = scene.config;
      const hasty = { ...scene.config, storage: { ...storage, budgetMs: 300 } };
      const config = status === 503 ? hasty : scene.config;
      stub.behave(({ operation }) => (operation === 'GetObject' ? s3Error(status, code) : 'forward'));
      await expect(scene.run({ apply: true, config })).rejects.toThrow(/Bucket .*cannot be used now/);
      stub.behave(() => 'forward');
      expect(await scene.allKeys()).toEqual(before);
    },
    90_000,
  );

  it('takes what is no marker for no answer either', async () => {
    await scene.put(TABLES_MARKER_KEY, '<html>');
    await expect(scene.run({ apply: true })).rejects.toThrow('cannot be read');
  });

  it('loses nothing where two runs go at once', async () => {
    await adopt();
    for (let n = 0; n < 8; n++) await scene.put(scene.own(n));
    await Promise.all([scene.run({ apply: true }), scene.run({ apply: true })]);
    expect(await scene.allKeys()).toHaveLength(8);
    expect((await scene.allKeys()).every((key) => key.startsWith('quarantine/'))).toBe(true);
  });

  it('goes on where it was stopped between copy and deletion', async () => {
    await adopt();
    await scene.put(scene.own('a'));
    stub.behave(({ operation }) =>
      operation === 'DeleteObjects' ? s3Error(403, 'InvalidAccessKeyId') : 'forward',
    );
    await expect(scene.run({ apply: true })).rejects.toThrow('Bucket ');
    expect(await scene.allKeys()).toHaveLength(2);
    stub.behave(() => 'forward');
    expect((await scene.run({ apply: true })).report.strays).toBe(1);
    expect(await scene.allKeys()).toHaveLength(1);
  });
});
