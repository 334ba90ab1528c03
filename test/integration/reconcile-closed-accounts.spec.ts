import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AudioFilesRepository } from '../../src/audio-files/records/audio-files.repository.js';
import { ObjectKeys } from '../../src/audio-files/records/object-keys.js';
import { nowSeconds } from '../../src/common/time.js';
import { createDocumentClient } from '../../src/database/clients.js';
import { Database } from '../../src/database/database.js';
import { type TableDefinition, tableDefinitions, tablesToSweep } from '../../src/database/tables.js';
import { Bucket } from '../../src/reconcile/bucket.js';
import { ClosedAccountsPass } from '../../src/reconcile/closed-accounts-pass.js';
import { DeletionLimit } from '../../src/reconcile/deletion-limit.js';
import { ReconcileRepository } from '../../src/reconcile/reconcile.repository.js';
import { emptyReport } from '../../src/reconcile/report.js';
import { ClosedAccountsRepository } from '../../src/users/closed-accounts.repository.js';
import { ReconcileScene } from '../support/reconcile-scene.js';
import { allRows, putRows } from '../support/takeover-rows.js';

describe('Reconcile, and accounts that are deleted', () => {
  let scene: ReconcileScene;

  beforeEach(async () => {
    scene = await ReconcileScene.arrange();
  });

  afterEach(() => scene.close());

  it('sweeps the rows of a deleted account in a module’s table, counts them, and leaves everybody else’s', async () => {
    // Stands for the table of a module, which reconcile knows by its definition alone.
    const notes = tableDefinitions(scene.config.tables).find(
      ({ table }) => table === 'sessions',
    ) as TableDefinition;
    const row = (userId: string) => ({ session_id: randomUUID(), user_id: userId, created_at: 1 });
    const [gone, others] = [randomUUID(), row('other')];
    await putRows(scene.client, notes.name, [...Array.from({ length: 30 }, () => row(gone)), others]);
    const closed = { user_id: `closed#${gone}`, closed_at: 1 };
    await scene.putUsers(closed);
    const sweep = async (apply: boolean, max?: number) => {
      const limit = new DeletionLimit(max);
      const database = new Database(createDocumentClient(scene.client), 1000);
      await new ClosedAccountsPass(
        new ReconcileRepository(scene.client, scene.config.tables),
        new AudioFilesRepository(database, scene.config),
        new ClosedAccountsRepository(database, scene.config),
        new Bucket(scene.openStore(), scene.bucket),
        new ObjectKeys(scene.config),
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
    expect(await allRows(scene.client, notes.name)).toHaveLength(31);
    expect(await sweep(true, 30)).toBe(30);
    expect(await allRows(scene.client, notes.name)).toEqual([others]);
    expect((await allRows(scene.client, scene.config.tables.users)).map(({ user_id: id }) => id)).toEqual([
      scene.ada,
    ]);
  });

  it('sweeps in every table with rows of users that neither expire nor have objects', () => {
    const notes = {
      ...(tableDefinitions(scene.config.tables).find(({ table }) => table === 'sessions') as TableDefinition),
      ...{ table: 'notes' as never, timeToLive: undefined },
    };
    const swept = tablesToSweep([
      ...tableDefinitions(scene.config.tables),
      notes as unknown as TableDefinition,
    ]);
    expect(swept).toContain(notes);
    expect(swept.map(({ table }) => table)).not.toEqual(expect.arrayContaining(['users']));
  });

  it('sweeps deleted accounts that nothing has swept, once upload URLs from before have ended', async () => {
    const gone = randomUUID();
    const late = scene.record({ user_id: gone, s3_key: `audio_upload/${gone}/late` });
    await scene.store(late, scene.record({ s3_key: 'elsewhere' }));
    await scene.put(`audio_upload/${gone}/late`);
    await scene.put(`audio_upload/${gone}/stray`);
    const closed = { user_id: `closed#${gone}`, closed_at: nowSeconds() - 15 * 60 };
    await scene.putUsers(closed);
    const left = async () => [
      ...(await scene.keys()),
      ...(await scene.records()).map((row) => row['s3_key']),
      ...(await allRows(scene.client, scene.config.tables.users)).map((row) => row['user_id']),
    ];
    const before = await left();

    expect(await scene.reconcile(true, { hoursFromNow: 0 })).toMatchObject({
      swept: 0,
      strays: 0,
      ownerless: 0,
    });
    expect(await left()).toEqual(before);
    expect(await scene.reconcile(false, { hoursFromNow: 1 })).toMatchObject({ swept: 1, strays: 0 });
    expect(await left()).toEqual(before);

    expect(await scene.reconcile(true, { hoursFromNow: 1 })).toMatchObject({
      swept: 1,
      strays: 0,
      ownerless: 0,
    });
    expect(scene.findings).toEqual([
      { kind: 'account', key: gone, ageHours: 1, problem: 'deleted, and not swept since', mended: 'swept' },
    ]);
    expect(await left()).toEqual(['elsewhere', scene.ada]);
  });
});
