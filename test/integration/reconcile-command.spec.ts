import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nowSeconds } from '../../src/common/time.js';
import { emptyReport } from '../../src/reconcile/report.js';
import type { ListedObject } from '../../src/storage/object-store.js';
import { OperatorStore } from '../../src/storage/operator-store.js';
import { engine, objectStorage } from '../support/engine.js';
import { ReconcileScene } from '../support/reconcile-scene.js';
import { s3Error, startStorageStub } from '../support/storage-stub.js';
import { olderAudioFile, olderUser } from '../support/takeover-rows.js';
import { tableEnvironment } from '../support/test-tables.js';

const HOUR = 3600;

describe('npm run reconcile', () => {
  let scene: ReconcileScene;

  beforeEach(async () => {
    scene = await ReconcileScene.arrange();
  });

  afterEach(() => scene.close());

  /** Runs the command with what it needs in its environment, and nothing else: no key, no table of sessions. */
  async function reconcile(args: string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/commands/reconcile.ts', ...args], {
      env: {
        PATH: process.env['PATH'],
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        DYNAMODB_ENDPOINT: engine().endpoint,
        S3_ENDPOINT: objectStorage().endpoint,
        AWS_S3_BUCKET_NAME: scene.bucket,
        ...tableEnvironment(scene.config.tables),
        ...environment,
      },
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    // How far it is, which only a slow machine gets to see.
    return { code, output, errors: errors.replace(/^… reading .*\n/gm, '') };
  }

  /** Stores an object that is as old as this; the stand-in keeps it as a file whose time is that of the object. */
  async function putAged(Key: string, hours: number): Promise<void> {
    await scene.put(Key);
    const path = readdirSync(tmpdir())
      .filter((name) => name.startsWith('s3-'))
      .map((name) => join(tmpdir(), name, scene.bucket, `${Key}._S3rver_object`))
      .find((candidate) => existsSync(candidate));
    const time = nowSeconds() - hours * HOUR - 60;
    utimesSync(path as string, time, time);
  }

  it('reports, mends with --apply, and has nothing to do then', async () => {
    const at = (hours: number, more: object) =>
      scene.record({ uploaded_at: nowSeconds() - hours * HOUR - 60, ...more });
    const pending = { status: 'pending', file_size: 3 };
    const [missing, there] = [
      at(30, { s3_key: scene.own('missing'), ...pending }),
      at(31, { s3_key: scene.own('there'), ...pending }),
    ];
    const lost = at(32, { user_id: randomUUID(), s3_key: 'x/y' });
    await scene.store(missing, there, lost, at(5, { ...pending }));
    await putAged(scene.own('there'), 31);
    await putAged(scene.own('stray'), 33);
    await putAged(scene.own('young'), 5);
    await putAged('audio_upload/foreign', 34);

    const lines = (mended: boolean) =>
      [
        `pending  ${missing.file_id} 30h: no object${mended ? '; deleted' : ''}`,
        `pending  ${there.file_id} 31h: the object is there as announced${mended ? '; made ready' : ''}`,
        `record   ${lost.file_id} 32h: no account${mended ? '; deleted' : ''}`,
        `object   ${scene.own('stray')} 33h: no record${mended ? '; moved to quarantine' : ''}`,
        'foreign  audio_upload/foreign 34h: not in the folder of a user',
        'records read:                      4',
        'objects read:                      3',
        'records that cannot be read:       0',
        'objects in no folder of a user:    1',
        'objects beside those of records:   0',
        `pending records ${mended ? 'made ready:        ' : 'to make ready:     '}1`,
        `pending records ${mended ? 'deleted:           ' : 'to delete:         '}1`,
        `records ${mended ? 'without account deleted:   ' : 'to delete without account: '}1`,
        `objects without record ${mended ? 'moved:      ' : 'to move:    '}1`,
        `deleted accounts ${mended ? 'swept:            ' : 'to sweep:         '}0`,
        ...(mended ? ['objects deleted from quarantine:   0'] : []),
        ...(mended ? [] : ['Nothing was changed. To mend: npm run reconcile -- --apply']),
        '',
      ].sort();
    const told = ({ output }: { output: string }) => output.split('\n').sort();

    const before = await scene.records();
    const checked = await reconcile([]);
    expect(checked).toMatchObject({ code: 0, errors: '' });
    expect(told(checked)).toEqual(lines(false));
    expect(await scene.records()).toEqual(before);

    const applied = await reconcile(['--apply']);
    expect(applied).toMatchObject({ code: 0, errors: '' });
    expect(told(applied)).toEqual(lines(true));
    const again = await reconcile([]);
    expect(again).toMatchObject({ code: 0, errors: '' });
    expect(again.output).not.toMatch(/^(pending|record|object) {2}|Nothing was changed/m);
    expect((await reconcile(['--older-than-hours', '4'])).output).toContain(scene.own('young'));
  }, 60_000);

  it('goes on where S3 refuses something, says what, and ends with an error', async () => {
    const bob = olderUser();
    await scene.putUsers(bob);
    const [first, second] = [scene.ada, bob.user_id].sort().map((id) => `audio_upload/${id}/stray`);
    for (const key of [first, second]) await putAged(key as string, 30);
    const stub = await startStorageStub();
    stub.behave(({ operation, attempt }) =>
      operation === 'DeleteObjects' && attempt === 1 ? s3Error(403, 'AccessDenied') : 'forward',
    );
    const ended = await reconcile(['--apply'], { S3_ENDPOINT: stub.endpoint });
    await stub.close();
    const line =
      'Not everything was mended: S3 refused 1 of the records and objects above; all else was done\n';
    expect(ended).toMatchObject({ code: 1, errors: line });
    expect(ended.output).toContain(
      `object   ${first} 30h: Bucket ${scene.bucket} cannot be used now: AccessDenied`,
    );
    expect(ended.output).toContain(`object   ${second} 30h: no record; moved to quarantine\n`);
    expect(ended.output).toMatch(/^objects without record moved: +1$/m);
  }, 60_000);

  it('refuses to mend what looks like the wrong tables, and says so on a dry run', async () => {
    for (let n = 0; n < 21; n++) await putAged(`audio_upload/${scene.ada}/${n}`, 30);
    const objection =
      '21 of 21 objects have no record: do AUDIO_FILES_TABLE and AWS_S3_BUCKET_NAME belong together?';
    expect(await reconcile(['--apply'])).toEqual({
      code: 1,
      output: '',
      errors: `The reconciliation stopped: ${objection} Nothing was changed; --force mends all the same\n`,
    });
    expect((await reconcile([])).output).toContain(`--apply would refuse: ${objection}\n`);
    expect(await reconcile(['--apply', '--force', '--max-deletions', '21'])).toMatchObject({
      code: 0,
      errors: '',
    });
  }, 60_000);

  it.each<[string, string[], Record<string, string>, string]>([
    ['an unknown option', ['--aply'], {}, "Unknown option '--aply'\nUsage: [^]*"],
    ['an argument', ['apply'], {}, "Unexpected argument 'apply'[^]*\nUsage: [^]*"],
    ['a value', ['--apply=no'], {}, "Option '--apply' does not take an argument\nUsage: [^]*"],
    [
      'too few hours',
      ['--older-than-hours', '0'],
      {},
      '--older-than-hours takes a whole number, 1 or more\nUsage: [^]*',
    ],
    [
      'hours that are missing',
      ['--older-than-hours'],
      {},
      "Option '--older-than-hours <value>' argument missing\nUsage: [^]*",
    ],
    [
      'a missing table',
      ['--apply'],
      { USERS_TABLE: 'no-such-table' },
      '.*: Table no-such-table does not exist',
    ],
    ['a missing bucket', ['--apply'], { AWS_S3_BUCKET_NAME: 'no-such' }, '.*: Bucket no-such does not exist'],
    [
      'no bucket',
      [],
      { AWS_S3_BUCKET_NAME: '' },
      'AWS_S3_BUCKET_NAME must be set to the bucket of the audio',
    ],
    ['a database that is not there', [], { DYNAMODB_ENDPOINT: 'http://127.0.0.1:1' }, '.*: ECONNREFUSED.*'],
    [
      'an object store that is not there',
      [],
      { S3_ENDPOINT: 'http://127.0.0.1:1' },
      '.* cannot be used now: ECONNREFUSED.*',
    ],
    ['a wrong setting', [], { S3_ENDPOINT: 'nowhere' }, 'S3_ENDPOINT must be a URL such as .*'],
  ])('says in one line what is wrong with %s', async (_case, args, environment, line) => {
    const ended = await reconcile(args, environment);
    expect(ended.errors).toMatch(new RegExp(`^${line}\\n$`));
    expect(ended).toMatchObject({ code: 1, output: '' });
  });

  it('deletes in batches what takes more than one, and reads pages without end', async () => {
    // The stand-in answers no listing that is longer than a page.
    const objects = Array.from({ length: 2500 }, (_, n) => ({
      key: `audio_upload/${scene.ada}/${String(n).padStart(4, '0')}`,
      ...{ size: 3, modifiedAt: 1 },
    }));
    const batches: number[] = [];
    class LongStore extends OperatorStore {
      // eslint-disable-next-line @typescript-eslint/require-await
      override async *pages(prefix: string): AsyncGenerator<ListedObject[]> {
        const listed = objects.filter(({ key }) => key.startsWith(prefix));
        for (let start = 0; start < listed.length; start += 700) yield listed.slice(start, start + 700);
      }

      override copy(): Promise<boolean> {
        return Promise.resolve(true);
      }

      override deleteMany(keys: readonly string[]): Promise<Set<string>> {
        batches.push(keys.length);
        return Promise.resolve(new Set());
      }
    }
    const rows = Array.from({ length: 130 }, () => olderAudioFile({ user_id: scene.ada }));
    await scene.store(...rows);
    const seen: string[] = [];
    const { report } = await scene.run({
      ...{ apply: true, force: true, maxDeletions: 2500, hoursFromNow: 0 },
      store: new LongStore(scene.s3, scene.bucket, 20_000),
      onProgress: ({ reading, count }) => seen.push(`${reading} ${count}`),
    });
    expect(report).toEqual({ ...emptyReport(), records: 130, objects: 2500, strays: 2500 });
    expect(batches).toEqual([1000, 1000, 500]);
    expect(seen).toEqual(
      expect.arrayContaining(['records 100', 'records 130', 'objects 700', 'objects 2500']),
    );
  });
});
