import { type State, unexplained } from '../model.js';
import type { Observed } from '../observe.js';
import type { Run } from '../run.js';
import { canonicalOf } from '../spelling.js';
import type { Row } from '../tables-client.js';
import { keyOf, type World } from '../world.js';

/** Every answer was right, and what was promised is there: some order of what was done explains all that is seen. */
export function keepsItsPromises({ world, operations }: Run, observed: Observed): string[] {
  const named = new Map([...world.records].map(([name, id]) => [id, name]));
  return unexplained(world.state, operations, (state) => [
    ...signInDifferences(state, [...world.tokens.keys()], observed),
    ...accountDifferences(state, world.mailboxes, observed),
    ...recordDifferences(state, named, observed),
    ...objectDifferences(state, world, observed),
  ]);
}

function signInDifferences(state: State, names: readonly string[], { live }: Observed): string[] {
  if (live === undefined) return [];
  return names.flatMap((name) => {
    const account = state.accounts[state.signIns[state.aliases[name] ?? name] ?? ''];
    if (live.has(name) === (account !== undefined)) return [];
    return live.has(name)
      ? [`sign-in ${name} was ended and works`]
      : [`sign-in ${name} does not work, and nothing ended it`];
  });
}

function accountDifferences(
  state: State,
  mailboxes: ReadonlyMap<string, string>,
  { accounts }: Observed,
): string[] {
  return [...mailboxes].flatMap(([mailbox, email]) => {
    const expected = Object.values(state.accounts).filter((account) => account.mailbox === mailbox);
    const found = accounts.filter(({ row }) => canonicalOf(String(row['email'])) === email);
    if (found.length !== expected.length) {
      return [`mailbox ${mailbox} has ${found.length} accounts and should have ${expected.length}`];
    }
    const [{ password } = { password: undefined }] = found;
    return expected[0] === undefined || password === expected[0].password
      ? []
      : [`the password of mailbox ${mailbox} is ${password} and should be ${expected[0].password}`];
  });
}

function recordDifferences(
  state: State,
  named: ReadonlyMap<string, string>,
  { records }: Observed,
): string[] {
  const rows = new Map(records.map((row) => [named.get(String(row['file_id'])), row]));
  const expected = Object.entries(state.records).filter(([, { account }]) => account === 'owner');
  const known = new Set(named.values());
  // What was made by an operation whose answer was lost has no id that anybody knows.
  const unknown = expected.filter(([name]) => !known.has(name)).length;
  const strangers = records.filter((row) => !named.has(String(row['file_id']))).length;
  return [
    ...[...named.values()].flatMap((name) => recordDifference(name, state, rows.get(name))),
    ...(strangers === unknown
      ? []
      : [`there are ${strangers} records that nobody named, and should be ${unknown}`]),
  ];
}

function recordDifference(name: string, { records }: State, row: Row | undefined): string[] {
  const expected = records[name];
  if (!expected || !row) {
    if (!expected && !row) return [];
    return [
      row ? `record ${name} is there and should be gone` : `record ${name} is gone and should be there`,
    ];
  }
  const found = { isReady: row['status'] === undefined, title: row['title'] ?? null };
  if (found.isReady === expected.isReady && found.title === expected.title) return [];
  return [
    `record ${name} is ${JSON.stringify(found)} and should be ` +
      JSON.stringify({ isReady: expected.isReady, title: expected.title }),
  ];
}

/** Audio of records, and, where an upload came while or after its record went, what the reconciliation finds later. */
function objectDifferences(state: State, { accounts, records }: World, { objects }: Observed): string[] {
  if (objects === undefined) return [];
  const owner = accounts.get('owner') as string;
  const known = new Map([...records].map(([name, id]) => [keyOf(owner, id), name]));
  const left = new Set(objects);
  const missing = [...known].flatMap(([key, name]) =>
    state.records[name]?.hasObject && !left.has(key) ? [`the audio of record ${name} is gone`] : [],
  );
  const nobodys = objects.filter((key) => {
    const name = known.get(key) ?? '';
    return !state.records[name]?.hasObject && state.leftovers[name] === undefined;
  });
  const unnamed = Object.entries(state.records).filter(
    ([name, { hasObject }]) => hasObject && !records.has(name),
  );
  const unnamedLeft = Object.keys(state.leftovers).filter((name) => !records.has(name));
  return [
    ...missing,
    ...(nobodys.length > unnamed.length + unnamedLeft.length
      ? [`${nobodys.length} objects are of no record`]
      : []),
  ];
}
