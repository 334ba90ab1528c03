import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Account, registerAccount } from '../support/accounts.js';
import type { StubRow } from '../support/database-stub.js';
import { adoptNativeErrors } from '../support/native-errors.js';
import { startDatabaseProxy } from './support/proxy.js';
import { report, timed } from './support/report.js';
import { createTables, type Service, startService, type Tables } from './support/service.js';

const BASE = '/api/user/audio-files';
const COUNT = 40;
/** Every fourth row is left undone. */
const LEFT = 10;

type Results = { status: number; audio_file?: { file_id: string }; problem?: { status: number } }[];

describe('the database leaves rows unprocessed:', () => {
  let tables: Tables;
  let database: Awaited<ReturnType<typeof startDatabaseProxy>>;
  let service: Service;
  let ada: Account;

  beforeAll(async () => {
    adoptNativeErrors();
    [tables, database] = await Promise.all([createTables(), startDatabaseProxy()]);
    service = await startService(tables, { DYNAMODB_ENDPOINT: database.endpoint });
  });

  beforeEach(async () => {
    database.behave(() => 'forward');
    ada = await registerAccount(service);
  });

  afterAll(async () => {
    await service.stop();
    await database.close();
    await tables.delete();
  });

  async function post(path: string, body: object): Promise<Results> {
    const answer = await service.http.post(`${BASE}/${path}`).set(ada.authorization).send(body).expect(200);
    return (answer.body as { results: Results }).results;
  }
  const items = () => Array.from({ length: COUNT }, (_, n) => ({ s3_key: `recordings/${n}` }));
  const idsOf = (results: Results) => results.map(({ audio_file }) => audio_file?.file_id ?? '');
  const statuses = (results: Results) => results.map(({ status }) => status);
  const count = async () =>
    ((await service.http.get(`${BASE}?limit=100`).set(ada.authorization)).body as unknown[]).length;
  const some = <T>(value: T, other: T) =>
    Array.from({ length: COUNT }, (_, n) => (n % (COUNT / LEFT) === 0 ? other : value));

  /** Ids of records that are there, and those of them that the database is to leave. */
  async function arrange(): Promise<{ ids: string[]; left: Set<string> }> {
    const ids = idsOf(await post('batch-create', { items: items() }));
    return { ids, left: new Set(ids.filter((_, n) => n % (COUNT / LEFT) === 0)) };
  }
  const leaving = (which: (row: StubRow) => boolean, tries: number) =>
    database.behave(({ operation, attempt }) =>
      operation.startsWith('Batch') && attempt <= tries ? { leave: which } : 'forward',
    );
  const isLeftKey = (row: StubRow) => {
    const n = Number(row['s3_key']?.S?.split('/')[1]);
    return n % (COUNT / LEFT) === 0;
  };
  const calls = () => database.calls.filter((call) => call.startsWith('Batch')).length;

  it('batch-create repeats them, and tells of each that stays undone', async () => {
    leaving(isLeftKey, 4);
    expect(statuses(await post('batch-create', { items: items() }))).toEqual(some(201, 201));
    const repeated = calls();
    expect(await count()).toBe(COUNT);
    ada = await registerAccount(service);
    leaving(isLeftKey, Infinity);
    const { result, ms } = await timed(() => post('batch-create', { items: items() }));
    expect(statuses(result)).toEqual(some(201, 503));
    expect(ms).toBeLessThan(3000);
    database.behave(() => 'forward');
    expect(await count()).toBe(COUNT - LEFT);
    report('unprocessed, batch-create', figures(repeated, ms));
  });

  it('batch-get repeats them, and tells of each that stays undone', async () => {
    const { ids, left } = await arrange();
    const isLeft = (row: StubRow) => left.has(row['file_id']?.S ?? '');
    leaving(isLeft, 2);
    expect(statuses(await post('batch-get', { file_ids: ids }))).toEqual(some(200, 200));
    const repeated = calls();
    expect(repeated).toBe(3);
    leaving(isLeft, Infinity);
    const { result, ms } = await timed(() => post('batch-get', { file_ids: ids }));
    expect(statuses(result)).toEqual(some(200, 503));
    database.behave(() => 'forward');
    expect(idsOf(await post('batch-get', { file_ids: ids }))).toEqual(ids);
    report('unprocessed, batch-get', figures(repeated, ms));
  });

  it('batch-delete repeats them, and tells of each that stays undone', async () => {
    const first = await arrange();
    const isLeftOf = (left: Set<string>) => (row: StubRow) => left.has(row['file_id']?.S ?? '');
    // The first call reads, and two at once delete.
    database.behave(({ operation, attempt }) =>
      operation === 'BatchWriteItem' && attempt <= 4 ? { leave: isLeftOf(first.left) } : 'forward',
    );
    expect(statuses(await post('batch-delete', { file_ids: first.ids }))).toEqual(some(200, 200));
    const repeated = calls();
    expect(await count()).toBe(0);
    const second = await arrange();
    database.behave(({ operation }) =>
      operation === 'BatchWriteItem' ? { leave: isLeftOf(second.left) } : 'forward',
    );
    const { result, ms } = await timed(() => post('batch-delete', { file_ids: second.ids }));
    expect(statuses(result)).toEqual(some(200, 503));
    expect(await count()).toBe(LEFT);
    database.behave(() => 'forward');
    const rest = await post('batch-delete', { file_ids: [...second.left] });
    expect(statuses(rest)).toEqual(Array<number>(LEFT).fill(200));
    expect(await count()).toBe(0);
    report('unprocessed, batch-delete', figures(repeated, ms));
  });

  function figures(repeated: number, ms: number): string {
    return (
      `${LEFT} of ${COUNT} left twice: done after ${repeated} calls; ` +
      `left always: ${COUNT - LEFT} done, ${LEFT} × 503 after ${ms} ms`
    );
  }
});
