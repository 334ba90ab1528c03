import type { Observed } from '../observe.js';
import type { Run } from '../run.js';

/** No answer was a 500. */
export function answersNoDefect({ operations }: Run): string[] {
  return operations.flatMap(({ name, answer }) =>
    answer?.startsWith('5') ? [`${name} answered ${answer}`] : [],
  );
}

/** What was refused has changed nothing. */
export function refusedWritesNothing({ operations }: Run): string[] {
  return operations.flatMap(({ name, answer, actor }) => {
    // Repeated, the actor also made the calls of a try whose answer nobody knows.
    const isAlone = operations.filter((other) => other.actor === actor).length === 1;
    const writes = actor.made.filter(({ isWrite, succeeded }) => isWrite && succeeded);
    return isAlone && (answer === '401' || answer === '403') && writes.length > 0
      ? [`${name} answered ${answer} and wrote: ${writes.map((call) => call.name).join(', ')}`]
      : [];
  });
}

/** One mailbox, one account; and no claim without its account, nor a new account without its claim. */
export function claimsMailboxes({ world }: Run, { accounts, claims }: Observed): string[] {
  const emailOf = (key: unknown) => String(key).slice('email#'.length);
  const orphans = claims.filter(
    ({ user_id: key, owner_id: owner }) =>
      !accounts.some(({ row }) => row['user_id'] === owner && row['email'] === emailOf(key)),
  );
  const unclaimed = accounts.filter(
    ({ row }) =>
      (world.isReserved || row['user_id'] !== world.accounts.get('owner')) &&
      !claims.some(({ owner_id: owner }) => owner === row['user_id']),
  );
  return [...orphans.map(() => 'a claim has no account'), ...unclaimed.map(() => 'an account has no claim')];
}

/** Nothing is left of an account that is gone. */
export function leavesNothing({ world }: Run, { accounts, closed, owned, objects = [] }: Observed): string[] {
  const owner = world.accounts.get('owner');
  if (accounts.some(({ row }) => row['user_id'] === owner)) return [];
  return [
    ...(closed.length > 0 ? ['an account that is gone was not swept'] : []),
    ...[...owned].flatMap(([table, rows]) =>
      rows.length > 0 ? [`${rows.length} rows in ${table} of an account that is gone`] : [],
    ),
    ...(objects.length > 0 ? [`${objects.length} objects of an account that is gone`] : []),
  ];
}
