import { exchange } from '../client.js';
import type { Fleet } from '../fleet.js';
import type { Observed } from '../observe.js';
import type { World } from '../world.js';

type Body = Record<string, unknown>;

/** Pages of the list are longer than any run has records. */
const LIST = '/api/user/audio-files?limit=100';

/** List, get, export and usage, as an instance without caches answers the owner, agree with the tables. */
export async function readsAgree(fleet: Fleet, world: World, observed: Observed): Promise<string[]> {
  const owner = world.accounts.get('owner');
  const signIn = ['first', 'second', 'older'].find((name) => observed.live?.has(name) ?? true);
  if (signIn === undefined || !observed.accounts.some(({ row }) => row['user_id'] === owner)) return [];
  if (isKnown(fleet, observed)) return [];
  const token = world.tokens.get(signIn) as string;
  const read = async (path: string) => {
    const { status, body } = await exchange(fleet.agent, 'GET', fleet.fresh.url + path, { token });
    return status === 200 ? (body as unknown) : `status ${status}`;
  };
  const ids = idsOf(observed.records);
  const [list, usage, exported, ...records] = await Promise.all([
    read(LIST),
    read('/api/user/usage'),
    read('/api/user/export'),
    ...ids.map((id) => read(`/api/audio-file/${id}`)),
  ]);
  const bytes = observed.records.reduce((sum, row) => sum + Number(row['file_size'] ?? 0), 0);
  const counted = usage as { count: number; bytes: { verified: number; claimed: number } };
  return [
    ...differ('list', idsOf(list as Body[]), ids),
    ...differ('export', idsOf((exported as Body)['audio_files'] as Body[]), ids),
    ...differ('get', idsOf(records as Body[]), ids),
    ...differ('usage', [counted.count, counted.bytes.verified + counted.bytes.claimed], [ids.length, bytes]),
  ];
}

const known = new WeakMap<Fleet, Set<string>>();

/** Whether the same rows, but for ids and times, were read before: the answers rest on nothing else. */
function isKnown(fleet: Fleet, { records }: Observed): boolean {
  const kinds = records.map((row) =>
    JSON.stringify(
      Object.entries(row)
        .filter(([name]) => !/_id$|_at$|_at_iso$|^s3_key$|^version$/.test(name))
        .sort(),
    ),
  );
  const kind = kinds.sort().join();
  const before = known.get(fleet) ?? new Set();
  known.set(fleet, before);
  if (before.has(kind)) return true;
  before.add(kind);
  return false;
}

function idsOf(rows: readonly Body[]): string[] {
  return rows.map((row) => String(row['file_id'])).sort();
}

function differ(name: string, found: unknown, expected: unknown): string[] {
  return JSON.stringify(found) === JSON.stringify(expected)
    ? []
    : [`${name} is ${JSON.stringify(found)} and the table says ${JSON.stringify(expected)}`];
}
