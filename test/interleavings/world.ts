import { randomUUID } from 'node:crypto';
import { nowSeconds } from '../../src/common/time.js';
import { AUDIO } from '../support/uploads.js';
import { type Fleet, newSalt } from './fleet.js';
import { initialState, type State } from './model.js';
import type { Observed } from './observe.js';
import { placesOf, spell, type Spelling } from './spelling.js';

const DAY = 24 * 60 * 60;

/**
 * What the owner is signed in by before a run: two sessions, a token of the older backend, and, where one is needed, one of a
 * clock that is ahead.
 */
export type SignInName = 'first' | 'second' | 'older' | 'ahead';

/** How far the clock is ahead, which is allowed for; seconds. */
const AHEAD = 50;

/**
 * What there is before a run besides the account: a record of an object elsewhere, one with audio of its own, two pending ones
 * of which one has its audio already; a hash that the next login makes anew; an object without a record; of an account
 * of the older backend, no claim of the email, or an email that is not in its canonical form; an account so young
 * that an index which lags does not have it; and the ways in which the emails are written.
 */
export type Need =
  RecordName | 'weak-hash' | 'stray' | 'unclaimed' | 'older-email' | 'young' | 'ahead' | Spelling;

/** How the email of an account of the older backend is written, where it is not in its canonical form. */
export const OLDER_SPELLING: Spelling = 'decomposed';

const SPELLINGS: readonly Spelling[] = ['decomposed', 'in capitals', 'in full width'];

const RECORDS = ['plain', 'kept', 'pending', 'uploaded'] as const;

export type RecordName = (typeof RECORDS)[number];

/** Everything of one run: its own users, and what is known of them. Names are those of the {@link State}. */
export interface World {
  readonly state: State;
  /** Whether the account is too young for an index that lags. */
  readonly isYoung: boolean;
  /** Whether the email had a claim before the run. */
  readonly isReserved: boolean;
  /** Ids by the name of the account. */
  readonly accounts: Map<string, string>;
  /** Tokens by the name of the sign-in. */
  readonly tokens: Map<string, string>;
  /** Ids of sessions by the name of the sign-in. */
  readonly sessions: Map<string, string>;
  /** Ids by the name of the record. */
  readonly records: Map<string, string>;
  /** Emails by the name of the mailbox, in their canonical form. */
  readonly mailboxes: Map<string, string>;
  /** Where accounts and claims of each mailbox may be: emails in all forms that this run comes to. */
  readonly places: ReadonlyMap<string, readonly string[]>;
  /** What a client has from before the run: signed URLs and entity tags. */
  readonly held: Map<string, string>;
}

/** Makes an account with two sessions and a token, and what else a run needs. */
export async function arrange(fleet: Fleet, needs: ReadonlySet<Need>): Promise<World> {
  const userId = randomUUID();
  const own = `jos\u00e9-${userId}@example.com`;
  const email = needs.has('older-email') ? spell(own, OLDER_SPELLING) : own;
  const now = nowSeconds() - 60;
  const sessions = new Map(['first', 'second'].map((name) => [name, randomUUID()]));
  const records = new Map<string, string>(
    RECORDS.filter((name) => needs.has(name)).map((name) => [name, randomUUID()]),
  );
  const hash = needs.has('weak-hash') ? fleet.hashes.weak : fleet.hashes.usual;
  const user = {
    ...{ user_id: userId, email, password_hash: hash, key_salt: newSalt() },
    ...{ created_at: now - DAY, created_at_iso: new Date((now - DAY) * 1000).toISOString() },
  };
  const mailboxes = new Map([
    ['own', own],
    ['other', `other-${own}`],
  ]);
  const spellings = [
    ...SPELLINGS.filter((name) => needs.has(name)),
    ...(email === own ? [] : [OLDER_SPELLING]),
  ];
  const { names } = fleet.tables;
  await fleet.tables.put({
    [names.users]: [
      user,
      ...(needs.has('unclaimed') ? [] : [{ user_id: `email#${email}`, owner_id: userId }]),
    ],
    [names.sessions]: [...sessions.values()].map((id) => ({
      ...{ session_id: id, user_id: userId, created_at: now, last_used_at: now, expires_at: now + 30 * DAY },
      ...{ device: 'Explorer', generation: 0 },
    })),
    [names.audioFiles]: [...records].map(([name, id]) => recordRow(name, id, userId, now - 2 * DAY)),
  });
  if (needs.has('stray')) records.set('stray', randomUUID());
  for (const name of ['kept', 'uploaded', 'stray']) {
    const id = records.get(name);
    if (id === undefined) continue;
    await fleet.bucket.put(keyOf(userId, id), AUDIO);
    fleet.commands?.store.aged.add(keyOf(userId, id));
  }
  const tokens = new Map([...sessions].map(([name, id]) => [name, fleet.tokenFor(userId, now, id)]));
  tokens.set('older', fleet.tokenFor(userId, now));
  if (needs.has('ahead')) tokens.set('ahead', fleet.tokenFor(userId, nowSeconds() + AHEAD));
  return {
    state: initialState([...records.keys()]),
    isReserved: !needs.has('unclaimed'),
    isYoung: needs.has('young'),
    ...{ sessions, records, held: new Map() },
    accounts: new Map([['owner', userId]]),
    tokens,
    mailboxes,
    places: new Map([...mailboxes].map(([name, canonical]) => [name, placesOf(canonical, spellings)])),
  };
}

/** The key of an upload. */
export function keyOf(userId: string, fileId: string): string {
  return `audio_upload/${userId}/${fileId}.wav`;
}

function recordRow(name: string, fileId: string, userId: string, now: number): Record<string, unknown> {
  const isPending = name === 'pending' || name === 'uploaded';
  return {
    ...{ file_id: fileId, user_id: userId, uploaded_at: now, file_size: AUDIO.length },
    s3_key: name === 'plain' ? 'recordings/monday.m4a' : keyOf(userId, fileId),
    uploaded_at_iso: new Date(now * 1000).toISOString(),
    ...(isPending && { status: 'pending', content_type: 'audio/wav' }),
    ...(name === 'kept' && { object_etag: '"etag"', content_type: 'audio/wav', version: 1 }),
  };
}

/** Removes what is left of a run, where the next one would see it. */
export async function clear(
  { tables, bucket }: Fleet,
  { accounts, claims, closed, owned, objects = [] }: Observed,
): Promise<void> {
  const users = [...accounts.map(({ row }) => row), ...claims, ...closed];
  for (const definition of tables.definitions) {
    await tables.delete(
      definition,
      definition.table === 'users' ? users : (owned.get(definition.table) ?? []),
    );
  }
  for (const key of objects) await bucket.delete(key);
}
