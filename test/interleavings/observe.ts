import argon2 from 'argon2';
import type { TableKey } from '../../src/config/table-names.js';
import { EMAIL_INDEX, holdsRowsOfUsers } from '../../src/database/tables.js';
import { isLive } from './live.js';
import type { Fleet } from './fleet.js';
import { closedAccountKey } from '../../src/users/closed-account.js';
import { emailClaimKey } from '../../src/users/email-claim.js';
import { passwordCalled } from './operations/accounts.js';
import type { Row } from './tables-client.js';
import type { World } from './world.js';

/** What there is after a run, in the tables and the bucket, and as an instance without caches has it. */
export interface Observed {
  /** Names of the sign-ins that work; `undefined` where nothing could have ended one. */
  readonly live: ReadonlySet<string> | undefined;
  /** Rows of accounts, and what the model calls their password. */
  readonly accounts: readonly { readonly row: Row; readonly password: string | undefined }[];
  readonly claims: readonly Row[];
  /** What is left of accounts that were deleted, until they are swept. */
  readonly closed: readonly Row[];
  /** Rows of the owner, in each table that has rows of users. */
  readonly owned: ReadonlyMap<TableKey, readonly Row[]>;
  /** Those of them that are records of audio. */
  readonly records: readonly Row[];
  /** `undefined` where none were looked for. */
  readonly objects: readonly string[] | undefined;
}

/**
 * Looks at everything that belongs to a run.
 *
 * @param passwords what the model may call the password of an account
 * @param wanted what could have changed, and so is looked at
 */
export async function observe(
  fleet: Fleet,
  world: World,
  passwords: readonly string[],
  wanted: { readonly signIns: boolean; readonly objects: boolean },
): Promise<Observed> {
  const owner = world.accounts.get('owner') as string;
  const [live, users, owned, objects] = await Promise.all([
    wanted.signIns ? liveSignIns(fleet, world) : undefined,
    userRows(fleet, world),
    ownedRows(fleet, owner, world),
    wanted.objects ? fleet.bucket.keysOf({ userId: owner }) : undefined,
  ]);
  const kindOf = ({ user_id: key }: Row) => /^(email|closed)#/.exec(String(key))?.[1];
  const rows = users.filter((row) => kindOf(row) === undefined);
  const accounts = await Promise.all(
    rows.map(async (row) => ({ row, password: await passwordOf(fleet, row, passwords) })),
  );
  const claims = users.filter((row) => kindOf(row) === 'email');
  const closed = users.filter((row) => kindOf(row) === 'closed');
  const records = owned.get('audioFiles') ?? [];
  return { live, accounts, claims, closed, owned, records, objects };
}

/** The rows of the owner in every table that has rows of users, also those that a run knows by their ids. */
async function ownedRows({ tables }: Fleet, owner: string, world: World): Promise<Map<TableKey, Row[]>> {
  const known: Partial<Record<TableKey, ReadonlyMap<string, string>>> = {
    audioFiles: world.records,
    sessions: world.sessions,
  };
  const found = await Promise.all(
    tables.definitions.filter(holdsRowsOfUsers).map(async (definition) => {
      const ids = known[definition.table]?.values() ?? [];
      return [definition.table, await tables.ownedBy(owner, definition, ids)] as const;
    }),
  );
  return new Map(found);
}

async function liveSignIns(fleet: Fleet, { tokens }: World): Promise<Set<string>> {
  const names = await Promise.all(
    [...tokens].map(async ([name, token]) => ((await isLive(fleet.fresh, token)) ? [name] : [])),
  );
  return new Set(names.flat());
}

/** Accounts and claims of all mailboxes of the run, and what is left of accounts. */
async function userRows(fleet: Fleet, { accounts, places }: World): Promise<Row[]> {
  const { tables } = fleet;
  const { users } = tables.names;
  const emails = [...places.values()].flat();
  const found = await Promise.all(
    emails.map((email) => tables.partition(users, EMAIL_INDEX, 'email', email)),
  );
  const keys = new Set([
    ...found.flat().map(({ user_id: id }) => String(id)),
    ...accounts.values(),
    ...[...accounts.values()].map((id) => closedAccountKey(id).user_id),
    ...emails.map((email) => emailClaimKey(email).user_id),
  ]);
  return tables.get(
    users,
    [...keys].map((id) => ({ user_id: id })),
  );
}

async function passwordOf(
  { hashes }: Fleet,
  row: Row,
  names: readonly string[],
): Promise<string | undefined> {
  const hash = String(row['password_hash']);
  if (hash === hashes.usual || hash === hashes.weak) return 'usual';
  for (const name of names) if (await argon2.verify(hash, passwordCalled(name))) return name;
  return undefined;
}
