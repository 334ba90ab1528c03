import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Account, registerAccount } from '../support/accounts.js';
import { recordBody } from '../support/audio-file-body.js';
import { expectListRefused } from '../support/list-refusals.js';
import { putRows } from '../support/stored-rows.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/audio-files';
const ORIGIN = 'https://app.example.com';
const FIRST = 1_758_762_381;
const CURSOR_RULE = 'must be one that a list came with';

type Listed = Record<string, unknown> & { file_id: string; user_id: string; uploaded_at: string };
type Row = ReturnType<typeof rowOf>;
const ORDERS = ['newest', 'oldest'] as const;
const rowOf = (userId: string, uploadedAt: number) => ({
  ...{ file_id: String(randomUUID()), user_id: userId, s3_key: 'recordings/monday.m4a' },
  ...{ uploaded_at: uploadedAt, uploaded_at_iso: '2025-09-25T01:06:21Z' },
});
const iso = (seconds: number) => `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`;
const encoded = (text: string) => Buffer.from(text).toString('base64url');
const idsOf = (records: readonly { file_id: string }[]) => records.map(({ file_id: id }) => id);

/** What the `Link` of an answer leads to, as it stands there. */
const linkOf = (link: unknown) => /^<([^<>]+)>; rel="next"$/.exec(String(link))?.[1];

describe('pages of a list', () => {
  let app: TestApp;
  let ada: Account;
  let eve: Account;

  beforeAll(async () => {
    app = await startTestApp({ CORS_ORIGINS: ORIGIN });
    eve = await registerAccount(app);
  });

  beforeEach(async () => void (ada = await registerAccount(app)));

  afterAll(() => app.close());

  const get = (path: string, by = ada) => app.http.get(path).set(by.authorization);

  async function store(times: readonly number[], owner = ada): Promise<Row[]> {
    const rows = times.map((time) => rowOf(owner.userId, time));
    await putRows(app, app.config.tables.audioFiles, rows);
    return rows;
  }

  /** Every page from this query on; `between` is told what the page before gave. */
  async function walk(query: string, between?: (page: Listed[]) => Promise<unknown>): Promise<Listed[][]> {
    const pages: Listed[][] = [];
    let path: string | undefined = `${PATH}?${query}`;
    while (path !== undefined) {
      const { body, headers } = await get(path).expect(200);
      pages.push(body as Listed[]);
      path = linkOf(headers['link']);
      expect(headers['x-next-cursor']).toBe(path && new URL(path, app.url).searchParams.get('cursor'));
      if (path !== undefined) await between?.(body as Listed[]);
    }
    return pages;
  }

  /** Holds a walk to give each of these rows once, in the order asked for, on pages that are full but for the end. */
  async function expectWhole(rows: readonly Row[], limit: number, order: (typeof ORDERS)[number]) {
    const pages = await walk(`limit=${limit}&order=${order}`);
    const records = pages.flat();
    expect(idsOf(records).sort()).toEqual(idsOf(rows).sort());
    const sorted = rows.toSorted((a, b) => a.uploaded_at - b.uploaded_at);
    const timeOf = new Map(rows.map((row) => [row.file_id, row.uploaded_at]));
    const times = (order === 'oldest' ? sorted : sorted.reverse()).map((row) => row.uploaded_at);
    expect(records.map(({ file_id: id }) => timeOf.get(id))).toEqual(times);
    expect(records.map((record) => record.uploaded_at)).toEqual(times.map(iso));
    const last = Math.floor(rows.length / limit);
    expect(pages.slice(0, last).map((page) => page.length)).toEqual(Array(last).fill(limit));
  }

  it('are bare arrays of whole records that say where the list goes on, and do not at its end', async () => {
    const [oldest, ...newer] = await store([FIRST, FIRST + 1, FIRST + 2]);
    const shown = ({ file_id, user_id, uploaded_at }: Row) =>
      recordBody({ file_id, user_id, uploaded_at: iso(uploaded_at) });
    const first = await get(`${PATH}?limit=2`).set('Origin', ORIGIN).expect(200);
    expect(first.body).toEqual(newer.reverse().map(shown));
    const target = linkOf(first.headers['link']) ?? '';
    const exposed = first.headers['access-control-expose-headers']?.split(/ *, */);
    expect(exposed).toEqual(expect.arrayContaining(['Link', 'X-Next-Cursor']));
    for (const path of [target, `${PATH}?limit=2&cursor=${first.headers['x-next-cursor']}`]) {
      const { body, headers } = await get(path).expect(200);
      expect(body).toEqual([shown(oldest as Row)]);
      expect([headers['link'], headers['x-next-cursor']]).toEqual([undefined, undefined]);
    }
  });

  it('are one, and empty, of a list of nothing', async () => {
    for (const query of ['', 'order=oldest', 'limit=1']) expect(await walk(query)).toEqual([[]]);
  });

  it('carry every parameter on, encoded as an address demands', async () => {
    const more = {
      ...{ s3_key: 'Aufnahmen/Größe & Länge=1+1, "50 %" #1?<x>.m4a', tags: ['a&b=ü'] },
      ...{ content_type: 'audio/mp4;codecs=opus', file_size: 5, recorded_at: 9 },
    };
    const own = [0, 1, 2].map((n) => ({ ...rowOf(ada.userId, FIRST + n), ...more }));
    await putRows(app, app.config.tables.audioFiles, own);
    const query = {
      ...{ limit: '1', order: 'oldest', q: 'größe & länge=1+1, "50 %" #1?<X>', tag: 'a&b=ü' },
      ...{ uploaded_from: '2025-09-25T03:06:21+02:00', uploaded_to: '2025-09-25T01:06:23.5Z' },
      ...{ recorded_from: '1970-01-01T02:00:09+0200', recorded_to: '1970-01-01T00:00:09Z' },
      ...{ content_type: 'AUDIO/mp4; codecs=opus', status: 'ready', min_size: '5', max_size: '5' },
    };
    const seen: string[] = [];
    let target: string | undefined = `${PATH}?${new URLSearchParams(query).toString()}`;
    while (target !== undefined) {
      expect(target).toMatch(/^\/api\/user\/audio-files\?(?:[\w.~*=&+-]|%[0-9A-F]{2})+$/);
      const answer: Response = await fetch(`${app.url}${target}`, { headers: ada.authorization });
      expect(answer.status).toBe(200);
      seen.push(...idsOf((await answer.json()) as Listed[]));
      const cursor = answer.headers.get('x-next-cursor');
      target = linkOf(answer.headers.get('link'));
      const carried = new URL(target ?? '', app.url).searchParams;
      expect(Object.fromEntries(carried)).toEqual(target === undefined ? {} : { ...query, cursor });
    }
    expect(seen).toEqual(idsOf(own));
  });

  it.each([
    ['many records of one second', [...Array<number>(115).fill(0), -1, -1, 1]],
    ['rows of the older backend with fractions', [0, 0.000_001, 0.123_456, 0.123_456_7, 0.5, 0.5, 0.999_999]],
  ])('reach each of %s once, in both orders and at every size', async (_case, times) => {
    const rows = await store(times.map((part) => FIRST + part));
    for (const order of ORDERS) for (const limit of [1, 3, 7, 100]) await expectWhole(rows, limit, order);
  });

  const size = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100 }));
  const fraction = fc.constantFrom(0, 0, 0.000_001, 0.123_456, 0.123_457, 0.5, 0.999_999);
  const time = fc.tuple(fc.integer({ min: 0, max: 3 }), fraction).map(([s, part]) => FIRST + s + part);

  it('give exactly the list, whatever the times, the size and the order', async () => {
    const times = fc.array(time, { maxLength: 40 });
    const property = fc.asyncProperty(times, size, fc.constantFrom(...ORDERS), async (all, limit, order) => {
      ada = await registerAccount(app);
      await expectWhole(await store(all), limit, order);
    });
    await fc.assert(property, { numRuns: 40 });
  }, 60_000);

  it('reach what is there throughout once while others come and go, that of the cursor too', async () => {
    const word = fc.constantFrom('older', 'newer', 'same second', 'drop last', 'drop seen', 'drop unseen');
    const changes = fc.array(fc.array(word, { maxLength: 4 }), { maxLength: 12 });
    const [times, few] = [fc.array(time, { maxLength: 20 }), fc.integer({ min: 1, max: 4 })];
    const run = async (all: number[], limit: number, order: string, steps: string[][]) => {
      ada = await registerAccount(app);
      const stored = await store(all);
      const [kept, seen] = [new Set(idsOf(stored)), [] as string[]];
      let n = 0;
      const drop = async (id: string | undefined) => {
        if (id === undefined || !kept.delete(id)) return;
        await app.http.delete(`/api/audio-file/${id}`).set(ada.authorization).expect(200);
      };
      const pages = await walk(`limit=${limit}&order=${order}`, async (page) => {
        seen.push(...idsOf(page));
        const at = stored.find(({ file_id: id }) => id === seen.at(-1))?.uploaded_at ?? FIRST;
        const change: Record<string, () => Promise<unknown>> = {
          older: () => store([at - 1]),
          newer: () => store([at + 1]),
          'same second': () => store([at, Math.floor(at)]),
          'drop last': () => drop(seen.at(-1)),
          'drop seen': () => drop(seen.find((id) => kept.has(id))),
          'drop unseen': () => drop([...kept].find((id) => !seen.includes(id))),
        };
        for (const step of steps[n++] ?? []) await change[step]?.();
      });
      const given = idsOf(pages.flat());
      expect(new Set(given).size).toBe(given.length);
      expect([...kept].filter((id) => !given.includes(id))).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(times, few, fc.constantFrom(...ORDERS), changes, run), { numRuns: 40 });
  }, 60_000);

  it('take a second as a bound of uploads for the whole of it, as it is shown', async () => {
    const [, , ...rows] = await store([-0.5, 1, 0, 0.5, 0.999_999].map((part) => FIRST + part));
    const bounds = `uploaded_from=${iso(FIRST)}&uploaded_to=${iso(FIRST)}`;
    const pages = await walk(`limit=1&order=oldest&${bounds}`);
    expect(idsOf(pages.flat())).toEqual(idsOf(rows));
  });

  it('give only your own records to the cursor of somebody else', async () => {
    const [first, , third] = await store([FIRST, FIRST + 4, FIRST + 2]);
    await store([FIRST + 1, FIRST + 3], eve);
    const { headers } = await get(`${PATH}?limit=1`, eve).expect(200);
    const { body } = await get(`${PATH}?cursor=${headers['x-next-cursor']}`).expect(200);
    expect(idsOf(body as Listed[])).toEqual([third?.file_id, first?.file_id]);
  });

  const refuse = (query: string, field: string, message: string) =>
    expectListRefused(app, ada, { query, field, message });

  it('refuse a forged or cut cursor, or give your own records and nobody else’s', async () => {
    const own = new Set(idsOf(await store([FIRST, FIRST, FIRST + 1])));
    await store([FIRST, FIRST + 1], eve);
    const real = String((await get(`${PATH}?limit=1`).expect(200)).headers['x-next-cursor']);
    const seconds = fc.oneof(fc.integer({ min: -1e15 + 1, max: 1e15 - 1 }), time);
    const id = fc.oneof(fc.uuid(), fc.constant(eve.userId), fc.stringMatching(/^[!-~]{1,64}$/));
    const forged = fc.tuple(seconds, id).map(([at, fileId]) => encoded(`${at}/${fileId}`));
    const cut = fc.tuple(fc.nat(real.length), fc.nat(real.length)).map(([from, to]) => real.slice(from, to));
    const any = fc.oneof(forged, cut, fc.string({ unit: 'binary' }), fc.string().map(encoded));
    const property = fc.asyncProperty(any, fc.constantFrom(...ORDERS), async (cursor, order) => {
      const query = `order=${order}&cursor=${encodeURIComponent(cursor)}`;
      const { status, body } = await get(`${PATH}?${query}`);
      if (status !== 200) return refuse(query, 'cursor', `cursor ${CURSOR_RULE}`);
      expect(idsOf(body as Listed[]).filter((fileId) => !own.has(fileId))).toEqual([]);
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
