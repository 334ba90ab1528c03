import { randomUUID } from 'node:crypto';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toCursor } from '../../src/common/pagination/cursor.js';
import { type Account, registerAccount } from '../support/accounts.js';
import { type CapacityMeter, meterCapacity } from '../support/capacity-meter.js';
import { engine } from '../support/engine.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { testClient } from '../support/test-tables.js';

const counts = engine().kind === 'embedded';
if (!counts) {
  process.stderr.write(
    'Request units of lists are not measured: DynamoDB Local counts transactions and indexes otherwise\n',
  );
}

const PATH = '/api/user/audio-files';
const RECORDS = 100_000;
/** Ten minutes between two uploads: the records are those of some two years. */
const FIRST = Date.UTC(2024, 0, 1) / 1000;
const STEP = 600;
const MARCH = { from: Date.UTC(2024, 2, 1) / 1000, to: Date.UTC(2024, 3, 1) / 1000 - 1 };
const MARCH_QUERY = 'uploaded_from=2024-03-01T00:00:00Z&uploaded_to=2024-03-31T23:59:59Z';
const IN_FLIGHT = 8;

/** What pages cost, one by one, and how many records they gave together. */
interface Walked {
  readonly units: number[];
  readonly records: number;
}

/** What a list costs at DynamoDB, however long it is; whoever raises a number here raises the bill. */
(counts ? describe : describe.skip)('request units of lists', () => {
  let app: TestApp;
  let meter: CapacityMeter;
  /** An account with 100 records, one with 100,000, and one with those of one month of the latter. */
  let small: Account;
  let large: Account;
  let month: Account;
  let smallIds: string[];
  let largeIds: string[];

  beforeAll(async () => {
    // The check of a session is not to be counted here.
    app = await startTestApp({ SESSION_CACHE_SECONDS: '3600' });
    [small, large, month] = [
      await registerAccount(app),
      await registerAccount(app),
      await registerAccount(app),
    ];
    const all = Array.from({ length: RECORDS }, (_, n) => FIRST + n * STEP);
    smallIds = await store(small, all.slice(0, 100));
    await store(
      month,
      all.filter((time) => time >= MARCH.from && time <= MARCH.to),
    );
    largeIds = await store(large, all);
    for (const account of [small, large, month]) await get(account, 'limit=1');
    meter = meterCapacity(app);
  }, 120_000);

  afterAll(() => app.close());

  const get = (account: Account, query: string) =>
    app.http.get(`${PATH}?${query}`).set(account.authorization).expect(200);

  /** Stores rows of some 400 bytes with these upload times, and gives their ids. */
  async function store({ userId }: Account, times: number[]): Promise<string[]> {
    const client = testClient(app.config);
    // Few attributes, since writing them is what takes the time here; together 400 bytes.
    const rows = times.map((time) => ({
      file_id: { S: randomUUID() },
      user_id: { S: userId },
      s3_key: { S: `audio_upload/${userId}/`.padEnd(278, 'x') },
      file_size: { N: '482133' },
      uploaded_at: { N: String(time) },
    }));
    let next = 0;
    const write = async () => {
      while (next < rows.length) {
        const batch = rows.slice(next, (next += 25));
        const puts = batch.map((row) => ({ PutRequest: { Item: row } }));
        await client.send(
          new BatchWriteItemCommand({ RequestItems: { [app.config.tables.audioFiles]: puts } }),
        );
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, write));
    client.destroy();
    return rows.map((row) => row.file_id.S);
  }

  /** The cursor of the record with this number, oldest first. */
  const cursorAt = (ids: string[], n: number) => toCursor({ time: FIRST + n * STEP, id: ids[n] ?? '' });

  /** Costs of a page, held to give so many records. */
  async function page(account: Account, query: string, records: number): Promise<number> {
    let given: unknown;
    const units = await meter.during(async () => (given = (await get(account, query)).body));
    expect(given).toHaveLength(records);
    expect(units.write).toBe(0);
    return units.read;
  }

  /** Follows a list to its end, or for so many pages. */
  async function walk(account: Account, query: string, most = Infinity): Promise<Walked> {
    const units: number[] = [];
    let records = 0;
    let cursor: string | undefined = '';
    while (cursor !== undefined && units.length < most) {
      const { read } = await meter.during(async () => {
        const { body, headers } = await get(account, `${query}${cursor && `&cursor=${cursor}`}`);
        records += (body as unknown[]).length;
        cursor = headers['x-next-cursor'];
      });
      units.push(read);
    }
    return { units, records };
  }

  it.each(['newest', 'oldest'])(
    'are 2.5 for each page of 50, of 100 records and of 100,000, order %s',
    async (order) => {
      for (const [account, ids] of [[small, smallIds] as const, [large, largeIds] as const]) {
        const last = ids.length - 1;
        // Records before the middle page, and before the last one, in the order asked for.
        const [middle, end] = [ids.length / 2, 50].map((n) =>
          cursorAt(ids, order === 'newest' ? n : last - n),
        );
        expect(await page(account, `order=${order}`, 50)).toBe(2.5);
        expect(await page(account, `order=${order}&cursor=${middle}`, 50)).toBe(2.5);
        expect(await page(account, `order=${order}&cursor=${end}`, 50)).toBe(2.5);
      }
    },
  );

  it.each(['newest', 'oldest'])(
    'are those of a month alone where one month of 100,000 records is asked for, order %s',
    async (order) => {
      const query = `limit=100&order=${order}`;
      const alone = await walk(month, query);
      const among = await walk(large, `${query}&${MARCH_QUERY}`);
      expect(alone.records).toBe((31 * 24 * 3600) / STEP);
      expect(among).toEqual(alone);
    },
  );

  it.each([
    ['newest', ''],
    ['oldest', ''],
    ['oldest', `&${MARCH_QUERY}`],
  ])('of a filtered page are at most those of 500 records, order %s%s', async (order, range) => {
    const query = `limit=100&order=${order}${range}`;
    const whole = await walk(large, query, 5);
    expect(whole).toEqual({ units: [5, 5, 5, 5, 5], records: 500 });
    expect(await page(large, `${query}&tag=nothing`, 0)).toBeLessThanOrEqual(25);
    expect(await page(large, `${query}&q=nothing`, 0)).toBeLessThanOrEqual(25);
    expect(await page(large, `limit=1&order=${order}${range}&min_size=1`, 1)).toBeLessThanOrEqual(25);
  });
});
