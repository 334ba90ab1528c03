import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Response } from 'supertest';
import { type Account, registerAccount } from '../support/accounts.js';
import { putRows } from '../support/stored-rows.js';
import { aroundCalls } from '../support/database-calls.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PATH = '/api/user/audio-files';
const FIRST = 1_758_762_381;

/** What of a row the filters look at. */
interface Fields extends Record<string, unknown> {
  uploaded_at?: number;
  recorded_at?: number | null | undefined;
  file_size?: number | null | undefined;
  tags?: string[] | undefined;
  content_type?: string | undefined;
  status?: 'pending' | undefined;
  title?: string | undefined;
  s3_key?: string;
}
const NAMES = [
  ...(['uploaded_from', 'uploaded_to', 'recorded_from', 'recorded_to', 'min_size', 'max_size'] as const),
  ...(['tag', 'content_type', 'status', 'q'] as const),
];
type Filters = Partial<Record<(typeof NAMES)[number], string>>;

const iso = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
const KEY = 'recordings/plain.m4a';

/** Whether a row is one of those asked for, told in plain JavaScript. */
function isWanted(row: Fields & { uploaded_at: number }, wanted: Filters): boolean {
  const within = (value: number | null | undefined, from: number | undefined, to: number | undefined) =>
    (from === undefined && to === undefined) ||
    (typeof value === 'number' && value >= (from ?? value) && value <= (to ?? value));
  const seconds = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text) / 1000);
  const bytes = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const type = row.content_type?.split(';')[0];
  const texts = [row.title ?? '', row.s3_key ?? KEY].map((text) => text.toLowerCase());
  return (
    within(row.uploaded_at, seconds(wanted.uploaded_from), seconds(wanted.uploaded_to)) &&
    within(row.recorded_at, seconds(wanted.recorded_from), seconds(wanted.recorded_to)) &&
    within(row.file_size, bytes(wanted.min_size), bytes(wanted.max_size)) &&
    (wanted.tag === undefined ||
      (row.tags ?? []).some((tag) => tag.toLowerCase() === wanted.tag?.toLowerCase())) &&
    (wanted.content_type === undefined || type === wanted.content_type.toLowerCase()) &&
    (wanted.status === undefined || (row.status ?? 'ready') === wanted.status) &&
    (wanted.q === undefined || texts.some((text) => text.includes(wanted.q?.toLowerCase() ?? '')))
  );
}

describe('filters of a list', () => {
  let app: TestApp;
  let ada: Account;
  /** How many rows each query of the application looked at, since it was emptied. */
  const scanned: number[] = [];

  beforeAll(async () => {
    app = await startTestApp();
    aroundCalls(app, async ({ input }, send) => {
      const output = await send(input);
      if (output['ScannedCount'] !== undefined) scanned.push(output['ScannedCount'] as number);
      return output;
    });
  });

  beforeEach(async () => void (ada = await registerAccount(app)));

  afterAll(() => app.close());

  const get = (path: string) => app.http.get(path).set(ada.authorization);

  /** Stores rows of Ada, a second between two of them where nothing else is said. */
  async function store<Given extends Fields>(all: readonly Given[]) {
    const rows = all.map((fields, n) => ({
      ...{ file_id: randomUUID(), user_id: ada.userId, s3_key: KEY, uploaded_at: FIRST + n },
      ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
      uploaded_at_iso: '2025-09-25T01:06:21Z',
    })) as (Fields & { file_id: string; uploaded_at: number })[];
    await putRows(app, app.config.tables.audioFiles, rows);
    return rows;
  }

  /** The ids of every page, and what each page looked at, query by query. */
  async function walk(query: object): Promise<{ pages: string[][]; looks: number[][] }> {
    const [pages, looks]: [string[][], number[][]] = [[], []];
    let path: string | undefined = `${PATH}?${new URLSearchParams({ ...query }).toString()}`;
    while (path !== undefined) {
      scanned.length = 0;
      const { body, headers }: Response = await get(path).expect(200);
      pages.push((body as { file_id: string }[]).map(({ file_id: id }) => id));
      looks.push([...scanned]);
      path = /^<([^<>]+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1];
    }
    return { pages, looks };
  }

  it.each<[string, string, Fields[], Fields[]]>([
    ['uploaded_from', iso(FIRST), [{ uploaded_at: FIRST }, {}], [{ uploaded_at: FIRST - 60 }]],
    ['uploaded_from', '2025-09-25T03:06:21+02:00', [{ uploaded_at: FIRST }], [{ uploaded_at: FIRST - 1 }]],
    ['uploaded_to', iso(FIRST), [{}, { uploaded_at: FIRST - 60 }], [{ uploaded_at: FIRST + 1 }]],
    ['recorded_from', iso(7), [{ recorded_at: 7 }, { recorded_at: 8 }], [{ recorded_at: 6 }, {}]],
    ['recorded_to', iso(7), [{ recorded_at: 6 }, { recorded_at: 7 }], [{ recorded_at: 8 }, {}]],
    ['recorded_to', iso(7), [{ recorded_at: 0 }], [{ recorded_at: null }]],
    ['tag', 'draft', [{ tags: ['a', 'draft'] }, { tags: ['Draft'] }], [{ tags: ['drafts'] }, {}]],
    ['tag', 'caf\u00e9', [{ tags: ['Cafe\u0301'] }, { tags: ['caf\u00e9'] }], [{ tags: ['cafe'] }]],
    ['tag', 'cafe\u0301', [{ tags: ['caf\u00e9'] }], [{ tags: ['cafe'] }]],
    ['content_type', 'audio/mp4', [{ content_type: 'audio/mp4' }], [{ content_type: 'audio/mp4a-latm' }, {}]],
    ['content_type', 'AUDIO/Mp4', [{ content_type: 'audio/mp4;codecs=a' }], [{ content_type: 'audio/mp' }]],
    ['status', 'ready', [{}], [{ status: 'pending' }]],
    ['status', 'pending', [{ status: 'pending' }], [{}]],
    ['min_size', '7', [{ file_size: 7 }, { file_size: 8 }], [{ file_size: 6 }, { file_size: null }, {}]],
    ['min_size', '0', [{ file_size: 0 }], [{ file_size: null }, {}]],
    ['max_size', '7', [{ file_size: 0 }, { file_size: 7 }], [{ file_size: 8 }, { file_size: null }, {}]],
    ['q', 'GRÖSSE', [{ title: 'Die Grösse' }, { s3_key: 'a/grösse.m4a' }], [{ title: 'Größe' }, {}]],
    ['q', 'ß & "50 %"', [{ title: 'groß & "50 %"' }], [{ title: 'groß' }, { s3_key: 'a/ß & 50 %' }]],
    ['q', 'CAFE\u0301', [{ title: 'Im Caf\u00e9' }, { s3_key: 'a/cafe\u0301.m4a' }], [{ title: 'Cafe' }]],
    [
      'q',
      'istanbul',
      ['İstanbul', 'I\u0307STANBUL', 'ıstanbul', 'ISTANBUL'].map((title) => ({ title })),
      [{}],
    ],
    ['q', 'İSTANBUL', [{ title: 'in istanbul' }], [{ title: 'stanbul' }]],
    ['q', 'ΟΔΟΣ', [{ title: 'οδοσήμανση' }, { title: 'η οδος' }], [{}]],
    ['q', 'PLAIN.m4', [{}, { title: 'a plain.M4A' }], [{ s3_key: 'plain/m4a' }]],
  ])('%s=%s gives what matches and nothing else', async (name, value, matching, others) => {
    const rows = await store([...matching, ...others]);
    const expected = rows.slice(0, matching.length).toSorted((a, b) => a.uploaded_at - b.uploaded_at);
    const { pages } = await walk({ [name]: value, order: 'oldest', limit: '2' });
    expect(pages.flat()).toEqual(expected.map(({ file_id: id }) => id));
  });

  it('take a second as a bound of recordings for the whole of it, as it is shown', async () => {
    const [, , ...rows] = await store([6.5, 8, 7, 7.5, 7.999_999].map((recorded_at) => ({ recorded_at })));
    const { pages } = await walk({ recorded_from: iso(7), recorded_to: iso(7), order: 'oldest' });
    expect(pages.flat()).toEqual(rows.map(({ file_id: id }) => id));
  });

  it('give exactly what a filter in plain JavaScript gives, whatever the records and the filters', async () => {
    const absent = { nil: undefined, freq: 3 };
    const small = fc.integer({ min: 0, max: 6 });
    const types = fc.constantFrom('audio/mp4', 'audio/mp4;codecs="a;b"', 'audio/mp4a-latm', 'audio/flac');
    const row: fc.Arbitrary<Fields> = fc.record({
      recorded_at: fc.option(fc.option(small), absent),
      file_size: fc.option(fc.option(small), absent),
      tags: fc.option(fc.subarray(['interview', 'inter', 'Interview', 'Ü & ö']), absent),
      content_type: fc.option(types, absent),
      status: fc.constantFrom('pending' as const, undefined),
      title: fc.option(fc.constantFrom('Größe', 'GRÖßE 2', 'Monday, on the train', 'ÜBUNG & mehr'), absent),
      s3_key: fc.constantFrom('recordings/monday.m4a', 'aufnahmen/übung.m4a', 'a'),
    });
    const instant = (base: number) => small.map((n) => iso(base + n * 2));
    const filters: fc.Arbitrary<Filters> = fc.record(
      {
        ...{ uploaded_from: instant(FIRST), uploaded_to: instant(FIRST + 12) },
        ...{ recorded_from: instant(-9), recorded_to: instant(3) },
        ...{ min_size: fc.constantFrom('0', '1', '2'), max_size: fc.constantFrom('2', '4', '6') },
        tag: fc.constantFrom('interview', 'inter', 'Ü & ö', 'nobody'),
        content_type: fc.constantFrom('audio/mp4', 'Audio/MP4', 'audio/mp4a-latm', 'audio/mp'),
        status: fc.constantFrom('ready', 'pending'),
        q: fc.constantFrom('größe', 'MONDAY', 'übung', 'A', ' & ', 'm4a', 'n'),
      },
      { requiredKeys: [] },
    );
    // Each filter alone as often as some of them together.
    const alone = fc
      .tuple(filters, fc.constantFrom(...NAMES))
      .map(([all, name]): Filters => (all[name] === undefined ? {} : { [name]: all[name] }));
    const paging = fc.record({
      limit: fc.constantFrom('1', '2', '7', '100'),
      order: fc.constantFrom('newest', 'oldest'),
    });
    const rows = fc.array(row, { maxLength: 30 });
    const property = fc.asyncProperty(rows, fc.oneof(filters, alone), paging, async (all, wanted, page) => {
      ada = await registerAccount(app);
      const matching = (await store(all)).filter((one) => isWanted(one, wanted));
      const ids = (page.order === 'newest' ? matching.reverse() : matching).map(({ file_id: id }) => id);
      expect((await walk({ ...wanted, ...page })).pages.flat()).toEqual(ids);
    });
    await fc.assert(property, { numRuns: 120 });
  }, 60_000);

  it('look at no more than 500 records for a page, and come to an end, where nothing matches', async () => {
    await store(Array.from({ length: 2000 }, () => ({})));
    for (const wanted of [{ tag: 'nobody' }, { q: 'nothing' }, { status: 'pending', order: 'oldest' }]) {
      const { pages, looks } = await walk(wanted);
      expect(pages.flat()).toEqual([]);
      expect([4, 5]).toContain(pages.length);
      for (const look of looks.slice(0, 4)) expect(look).toEqual([100, 100, 100, 100, 100]);
      expect(looks.flat().reduce((sum, n) => sum + n, 0)).toBe(2000);
    }
  });

  it('find what lies behind a page without matches, and look no further than the limit needs', async () => {
    const tagged = (n: number) => n === 650 || n > 1198;
    const rows = await store(Array.from({ length: 1300 }, (_, n) => (tagged(n) ? { tags: ['a'] } : {})));
    const { pages, looks } = await walk({ tag: 'a', limit: '1', order: 'oldest' });
    const matching = rows.filter((_, n) => tagged(n)).map(({ file_id: id }) => id);
    expect(pages.slice(0, 2)).toEqual([[], [matching[0]]]);
    expect(looks[0]).toEqual([100, 100, 100, 100, 100]);
    expect(looks[1]).toEqual([100, 100]);
    expect(pages.flat()).toEqual(matching);
    expect(Math.max(...pages.map((page) => page.length))).toBe(1);
  });
});
